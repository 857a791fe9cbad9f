"""What a connector's operation did is taken back by the one that its file names."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from activities.connector import ConnectorActivities
from activities.inverse import kept_for_undo
from clients.connector.clients import ConnectorClients
from clients.connector.settings import Connectors
from models.connectors import Called, Connector, ConnectorCall, Inverse
from models.effects import Action, Effect
from models.expressions import named_in, picked
from models.undo import UndoState
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from tests.activities.undo.taking_back import Steps

CHANGED, NOT_POSSIBLE, GONE = UndoState.CHANGED_SINCE, UndoState.NOT_POSSIBLE, UndoState.GONE

OPERATIONS: dict[str, Any] = {
    "find": {"method": "GET", "path": "/accounts", "query": {"external_id": "{{ event.customer }}"}},
    "create": {
        "method": "POST",
        "path": "/accounts",
        "body": {"json": {"name": "{{ facts.name }}", "external_id": "{{ event.customer }}"}},
        "once": {"header": "Idempotency-Key", "look_up": {"operation": "find", "found": "accounts[0]"}},
        "shown": {
            "object_type": "account",
            "id": "account.id || id",
            "before": {"name": "name"},
            "after": {"name": "account.name || name"},
        },
        "undo": "delete",
    },
    "delete": {"method": "DELETE", "path": "/accounts/{{ effect.id }}", "undo": "create"},
    "grant": {
        "method": "POST",
        "path": "/accounts/{{ event.account }}/access",
        "body": {"json": {"tool": "wiki"}},
        "shown": {"object_type": "access", "id": "grant.id"},
        "undo": "take",
    },
    "take": {"method": "DELETE", "path": "/accounts/{{ answer.grant.account }}/access/{{ effect.id }}"},
}


class Product(Steps):
    def __init__(self, simulators: Control, clients: ConnectorClients) -> None:
        super().__init__(simulators, ConnectorActivities(clients), "connector")
        self.simulators = simulators

    def content(self, **operations: dict[str, Any]) -> Connector:
        changed = {name: {**each, **operations.get(name, {})} for name, each in OPERATIONS.items()}
        given = {
            "base_url": f"{self.simulators.url}/connector/api",
            "auth": {"kind": "bearer", "token": "TOKEN"},
            "operations": {**operations, **changed},
        }
        return Connector.model_validate(given)

    async def call(self, operation: str, content: Connector | None = None, **event: Any) -> Effect:
        values = {"event": {"customer": "cus_1", **event}, "facts": {"name": "Acme", "mrr": 1}, "answers": {}}
        given = ConnectorCall(
            key=f"e:{operation}",
            connector="own",
            operation=operation,
            content=content or self.content(),
            values=values,
        )
        called: Called = await self.run("write", given)
        assert called.effect
        return called.effect

    def accounts(self) -> list[Any]:
        return list(self.simulators.ask("GET", "connector/accounts"))

    def grants(self) -> list[Any]:
        return list(self.simulators.ask("GET", "connector/grants"))


@pytest.fixture
async def product(simulators: Control, tmp_path: Path) -> AsyncIterator[Product]:
    clients = ConnectorClients(Connectors(allowed_hosts="127.0.0.1", state_dir=tmp_path), {"TOKEN": TOKEN})
    yield Product(simulators, clients)
    await clients.aclose()


async def test_an_account_is_deleted_made_again_and_deleted(product: Product) -> None:
    made = await product.call("create")
    done = await product.seen_and_done(made)
    assert product.accounts() == []
    anew = await product.seen_and_done(done.effect)
    [account] = product.accounts()
    assert (account["name"], account["external_id"]) == ("Acme", "cus_1")
    assert anew.effect.object_id == account["id"] != made.object_id
    await product.seen_and_done(anew.effect)
    assert product.accounts() == []


async def test_what_it_needs_of_the_answer_travels_with_the_effect(product: Product) -> None:
    account = await product.call("create")
    granted = await product.call("grant", account=account.object_id)
    done = await product.seen_and_done(granted)
    assert (product.grants(), len(product.accounts())) == ([], 1)
    assert "names no `undo`" in (await product.seen_and_done(done.effect, NOT_POSSIBLE)).note


async def test_an_account_that_a_person_has_renamed_stays(product: Product) -> None:
    made = await product.call("create")
    product.simulators.ask("PATCH", f"connector/accounts/{made.object_id}", {"name": "Acme Europe"})
    assert (await product.seen_and_done(made, CHANGED)).left == ["name"]


async def test_what_is_gone_is_said(product: Product) -> None:
    made = await product.call("create")
    granted = await product.call("grant", account=made.object_id)
    await product.seen_and_done(granted)
    again = await product.undo(granted)  # which a preview cannot tell: nothing looks it up
    assert (again.state, again.effect.action) == (GONE, Action.SKIPPED)
    await product.seen_and_done(made)
    await product.seen_and_done(made, GONE)


@pytest.mark.parametrize("looks_up", [True, False])
async def test_no_answer_to_the_inverse(product: Product, looks_up: bool) -> None:
    made = await product.call("create")
    effect = made if looks_up else await product.call("grant", account=made.object_id)
    await product.done_then_dropped(effect, method="DELETE")
    assert (product.grants(), len(product.accounts())) == ([], 0 if looks_up else 1)


async def test_an_inverse_that_the_api_refuses(product: Product) -> None:
    made = await product.call("create")
    await product.call("grant", account=made.object_id)
    with pytest.raises(Exception, match="Take its access away first"):
        await product.undo(made)
    assert len(product.accounts()) == 1


async def test_without_an_inverse_nothing_is_taken_back(product: Product) -> None:
    content = product.content(create={"undo": None})
    made = await product.call("create", content)
    assert made.undo == {}
    await product.seen_and_done(made, NOT_POSSIBLE)


@pytest.mark.parametrize(
    ("path", "lacks"),
    [
        ("/accounts/{{ answer.account.number }}", "there is no answer"),
        ("/accounts/{{ effect.before.plan }}", "before"),
        ("/accounts/{{ event.nothing }}", "nothing"),
    ],
)
async def test_an_inverse_that_lacks_something_is_not_called(product: Product, path: str, lacks: str) -> None:
    made = await product.call("create", product.content(delete={"path": path}))
    assert lacks in (await product.seen_and_done(made, NOT_POSSIBLE)).note


async def test_an_inverse_that_looks_first(product: Product) -> None:
    """What it finds done already it does not do."""
    gone = {"method": "GET", "path": "/accounts", "query": {"external_id": "{{ event.customer }}"}}
    once = {"look_up": {"operation": "see", "found": "accounts[?name=='Closed'] | [0]"}}
    closing: dict[str, Any] = {
        "delete": {"once": once},
        "create": {"once": {"header": "Idempotency-Key"}},
        "see": gone,
    }
    made = await product.call("create", product.content(**closing))
    product.simulators.ask("PATCH", f"connector/accounts/{made.object_id}", {"name": "Closed"})
    done = await product.seen_and_done(made)
    assert (done.effect.action, len(product.accounts())) == (Action.UNCHANGED, 1)


async def test_a_look_up_by_our_key_is_asked_for_it(product: Product) -> None:
    see = {"method": "GET", "path": "/accounts", "query": {"external_id": "{{ key }}"}}
    once = {"look_up": {"operation": "see", "found": "accounts[0]"}}
    body = {"json": {"name": "Acme", "external_id": "{{ key }}"}}
    content = product.content(see=see, create={"body": body, "once": once})
    first, second = [await product.call("create", content) for _ in range(2)]
    assert (first.action, second.action) == (Action.CREATED, Action.UNCHANGED)


async def test_an_effect_holds_only_what_its_inverse_names(product: Product) -> None:
    content = product.content()
    values = {"event": {"account": "acc_1", "secret": "x"}, "facts": {"name": "Acme"}}
    answer = {"grant": {"account": "acc_1", "id": "grant_1"}, "more": "y" * 100_000}
    kept = Inverse.model_validate(kept_for_undo(content, "grant", values, answer))
    assert kept.values == {"event": {"account": "acc_1"}, "answer": {"grant": {"account": "acc_1"}}}
    assert set(kept.content.operations) == {"grant", "take"}
    long = kept_for_undo(content, "grant", values, {"grant": {"account": "a" * 100_000}})
    assert Inverse.model_validate(long).values == {}


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        ({"create": {"undo": "none"}}, "create is undone by none: both are writes of this file"),
        ({"create": {"undo": "find"}}, "create is undone by find: both are writes of this file"),
        ({"find": {"undo": "delete"}}, "find is undone by delete: both are writes of this file"),
        ({"delete": {"undo": "grant"}}, "delete is undone by grant, which is made at most once"),
    ],
)
async def test_a_file_whose_inverse_cannot_be_made_is_refused(
    product: Product, operations: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        product.content(**operations)


def test_what_texts_name() -> None:
    texts = [
        "/a/{{ event.id }}",
        {"b": "{{ facts.lines[0].plan | default(facts.name) }}", "c": ["{{ event['type'] }}", 7]},
        "{{ answers[event.name].id if facts.mrr > 1 else 'x' }}",
        "no name",
    ]
    assert named_in(texts) == {
        ("event", "id"), ("facts", "lines"), ("facts", "name"), ("event", "type"), ("answers",),
        ("event", "name"), ("facts", "mrr"),
    }  # fmt: skip
    values = {
        "event": {"id": 1, "name": "n", "x": 2},
        "facts": {"lines": [{"plan": "p"}]},
        "answers": {"n": 1},
    }
    assert picked(values, named_in(texts)) == {
        "event": {"id": 1, "name": "n"}, "facts": {"lines": [{"plan": "p"}]}, "answers": {"n": 1},
    }  # fmt: skip
    assert picked(values, {("event",), ("event", "id")}) == {"event": values["event"]}
