"""Webhooks of billing systems: what is proven starts one run for an invoice, anything else nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from dispatch.deliveries import MAX_BODY, PARSERS, Delivery, event_of
from models.deliveries import UnreadableDelivery
from operations.replay import replay
from settings import Settings
from simulators.kit.control import Control
from tests.failing import Bill, BillingSystem, routes
from tests.ingress.conftest import ingress_for, kept_input, nobody
from tests.waiting import until_list_is_current

URL_SECRET = "a-secret-in-the-url"
ALL: tuple[BillingSystem, ...] = ("stripe", "chargebee", "recurly")
SIGNED: tuple[BillingSystem, ...] = ("stripe", "recurly")
"""Chargebee's proof is a password, whatever the body."""


def with_secrets(settings: Settings, **changes: Any) -> Settings:
    """Each system's webhook has a secret in its URL."""
    given = {"webhook_secrets": [URL_SECRET]} | changes
    accounts: dict[str, Any] = {
        system: {
            name: type(account).model_validate(account.model_dump() | given)
            for name, account in getattr(settings, system).items()
        }
        for system in ALL
    }
    return settings.model_copy(update=accounts)


@pytest.fixture(scope="session")
async def http(unserved: Client, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with ingress_for(unserved, with_secrets(settings), routes=routes()) as ingress:
        yield ingress


@pytest.fixture(params=ALL)
def bill(request: pytest.FixtureRequest, simulators: Control) -> Bill:
    return Bill(simulators, request.param)


def url(system: str, secret: str = URL_SECRET) -> str:
    return f"/webhooks/{system}/{secret}"


async def send(http: httpx.AsyncClient, system: str, told: dict[str, Any], **headers: str) -> httpx.Response:
    return await http.post(url(system), content=told["body"], headers=told["headers"] | headers)


async def runs(client: Client) -> int:
    await until_list_is_current(client)
    return (await client.count_workflows("WorkflowType != 'marker'")).count


async def signals(client: Client, workflow_id: str) -> int:
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    return sum(each.HasField("workflow_execution_signaled_event_attributes") for each in history.events)


async def test_a_proven_one_is_202_with_one_run(
    http: httpx.AsyncClient, unserved: Client, bill: Bill
) -> None:
    answer = await send(http, bill.system, bill.fails())
    assert (answer.status_code, answer.json()["result"]) == (202, "started")
    [run] = answer.json()["runs"]
    assert run["workflow_id"].startswith("failed_payment/")
    described = await unserved.get_workflow_handle(run["workflow_id"]).describe()
    found = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert (found["EventKind"], found["EventSource"]) == ("failed_payment", "billing")
    assert (await described.memo())["heard"] == [answer.json()["event_id"]]


async def test_the_same_attempt_again_is_a_duplicate_and_told_to_nobody(
    http: httpx.AsyncClient, unserved: Client, bill: Bill
) -> None:
    told = bill.fails()
    first = await send(http, bill.system, told)
    for again in await asyncio.gather(*(send(http, bill.system, told) for _ in range(4))):
        assert (again.status_code, again.json()["result"]) == (200, "duplicate")
        assert again.json()["runs"][0]["run_id"] == first.json()["runs"][0]["run_id"]
    assert await signals(unserved, first.json()["runs"][0]["workflow_id"]) == 0


async def test_a_later_attempt_is_told_to_the_run_of_the_invoice(
    http: httpx.AsyncClient, unserved: Client, bill: Bill
) -> None:
    first = await send(http, bill.system, bill.fails(minutes=300))
    later = await send(http, bill.system, bill.fails())
    assert (later.status_code, later.json()["result"]) == (200, "told")
    assert later.json()["event_id"] != first.json()["event_id"]
    [run] = later.json()["runs"]
    assert (run["new"], run["told"]) == (False, True)
    assert run["run_id"] == first.json()["runs"][0]["run_id"]
    assert await signals(unserved, run["workflow_id"]) == 1


async def test_a_run_that_has_ended_is_told_nothing(
    http: httpx.AsyncClient, unserved: Client, simulators: Control
) -> None:
    bill = Bill(simulators)
    [run] = (await send(http, "stripe", bill.fails(minutes=300))).json()["runs"]
    await unserved.get_workflow_handle(run["workflow_id"]).terminate()
    later = await send(http, "stripe", bill.fails())
    assert (later.status_code, later.json()["result"]) == (200, "duplicate")


FORGED = [(system, how) for system in ALL for how in ("absent", "wrong")]


@pytest.mark.parametrize(("system", "how"), [*FORGED, *((each, "of another body") for each in SIGNED)])
async def test_without_proof_it_is_401_and_nothing_happens(
    http: httpx.AsyncClient, unserved: Client, simulators: Control, system: BillingSystem, how: str
) -> None:
    told = Bill(simulators, system).fails()
    [proof] = {name for name in told["headers"] if name != "Content-Type"}
    if how == "absent":
        del told["headers"][proof]
    elif how == "wrong":
        told["headers"][proof] = told["headers"][proof][:-4] + "0000"
    else:
        told["body"] += " "
    before = await runs(unserved)
    answer = await send(http, system, told)
    assert answer.status_code == 401
    assert f"not signed by {system}" in answer.json()["error"]
    assert await runs(unserved) == before


@pytest.mark.parametrize("system", SIGNED)
async def test_an_old_signature_is_none(
    unserved: Client, settings: Settings, simulators: Control, system: BillingSystem
) -> None:
    told = Bill(simulators, system).fails()
    strict = with_secrets(settings, tolerance_seconds=0.001)
    async with ingress_for(unserved, strict, routes=routes()) as http:
        time.sleep(0.01)
        assert (await send(http, system, told)).status_code == 401


@pytest.mark.parametrize("system", [*ALL, "xero", "chartmogul"])
async def test_a_wrong_secret_is_404_alike_whatever_the_system(http: httpx.AsyncClient, system: str) -> None:
    answer = await http.post(url(system, "wrong"), content=b"{}")
    assert answer.status_code == 404
    assert answer.json() == {"error": "No such webhook. Check the secret at the end of the URL."}


async def test_the_secret_of_another_system_is_wrong(
    unserved: Client, settings: Settings, simulators: Control
) -> None:
    told = Bill(simulators).fails()
    given = with_secrets(settings)
    recurly = with_secrets(settings, webhook_secrets=["recurly-s-own"]).recurly
    async with ingress_for(unserved, given.model_copy(update={"recurly": recurly}), routes=routes()) as http:
        answer = await http.post(url("stripe", "recurly-s-own"), content=told["body"])
        assert answer.status_code == 404


async def test_what_tells_of_something_else_is_200_and_ignored(
    http: httpx.AsyncClient, unserved: Client, bill: Bill
) -> None:
    before = await runs(unserved)
    bill.fails()
    answer = await send(http, bill.system, bill.act("pay"))
    assert (answer.status_code, answer.json()["result"]) == (200, "ignored")
    assert answer.json()["reason"].startswith("This is no failed payment")
    assert await runs(unserved) == before


async def test_no_route_takes_it(unserved: Client, settings: Settings, simulators: Control) -> None:
    async with ingress_for(unserved, with_secrets(settings)) as http:
        answer = await send(http, "stripe", Bill(simulators).fails())
        assert (answer.status_code, answer.json()["result"]) == (200, "unrouted")


def signed(bill: Bill, body: str) -> dict[str, Any]:
    """As the system would: Chargebee's proof holds for any body."""
    return {"body": body, "headers": bill.fails()["headers"]}


async def test_a_proven_body_that_cannot_be_read_is_kept_and_replayed(
    http: httpx.AsyncClient,
    unserved: Client,
    settings: Settings,
    simulators: Control,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill = Bill(simulators, "chargebee")
    body = json.loads(bill.fails()["body"])
    odd = json.dumps(body | {"occurred_at": "Nora Lind", "content": {**body["content"], "transaction": {}}})
    answer = await send(http, "chargebee", signed(bill, odd))
    assert answer.status_code == 422
    assert "Nora" not in answer.text
    kept = await kept_input(unserved, answer.json()["kept"])
    assert isinstance(kept, UnreadableDelivery)
    assert (kept.source, kept.account, kept.body) == ("chargebee", "default", odd)
    again = await send(http, "chargebee", signed(bill, odd))
    assert again.json()["kept"] == answer.json()["kept"]

    async def connect() -> Client:
        return unserved

    monkeypatch.setattr("operations.replay.temporal.connect", connect)
    [seen] = [each async for each in replay(settings, [answer.json()["kept"]["workflow_id"]])]
    assert seen.problem.endswith("This is no failed payment: occurred_at: Input should be a valid datetime.")
    mended = event_of(Delivery("chargebee", "default", json.dumps(body).encode()))
    monkeypatch.setitem(PARSERS, "chargebee", lambda *_: mended)
    [seen] = [each async for each in replay(settings, [answer.json()["kept"]["workflow_id"]])]
    assert seen.event == mended


async def test_what_recurly_cannot_tell_now_is_to_be_sent_again(
    http: httpx.AsyncClient, simulators: Control
) -> None:
    bill = Bill(simulators, "recurly")
    told = bill.fails()
    simulators.fault("recurly", "status", status=503, path="/v3/transactions")
    answer = await send(http, "recurly", told)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert (await send(http, "recurly", told)).status_code == 202


async def test_what_recurly_refuses_to_tell_is_kept(http: httpx.AsyncClient, simulators: Control) -> None:
    told = Bill(simulators, "recurly").fails()
    simulators.fault("recurly", "status", status=401, path="/v3/transactions")
    answer = await send(http, "recurly", told)
    assert answer.status_code == 422
    assert answer.json()["kept"]["workflow_id"].startswith("unreadable_delivery/")
    assert answer.json()["error"].startswith("It only points at a transaction: ")


async def test_a_body_that_is_too_long_is_413(http: httpx.AsyncClient) -> None:
    for length in (MAX_BODY, MAX_BODY + 1):
        answer = await http.post(url("stripe"), content=b" " * length)
        assert answer.status_code == (413 if length > MAX_BODY else 401)


async def test_while_temporal_is_away_it_is_to_be_sent_again(settings: Settings, bill: Bill) -> None:
    async with ingress_for(await nobody(), with_secrets(settings), routes=routes()) as http:
        assert (await send(http, bill.system, bill.fails())).status_code == 503
