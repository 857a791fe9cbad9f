"""Intercom's description of its API against our client and our simulator."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from clients.intercom.answers import Company
from clients.intercom.client import IntercomClient
from clients.intercom.settings import Intercom
from clients.kit.errors import IntegrationError, NotFound, Rejected, Unauthorized
from clients.kit.http import Call
from models.intercom import InAppMessage
from simulators.kit.control import Control
from tests.conftest import running_simulators
from tests.contracts.scripted import Reply, ScriptedServer
from tests.emulators.running import Emulator
from tests.specs.conftest import Description, Prism
from tests.specs.descriptions import INTERCOM, Document, intercoms
from tests.specs.watched import refusal, watched

EMAIL, ID = "ann@acme.example", "acme-1"


@dataclass(frozen=True)
class Known:
    """Who is asked for."""

    contact: str
    tag: str
    company: Company

    @property
    def message(self) -> InAppMessage:
        return InAppMessage.model_validate(
            {"key": "0123:hi", "role": "user", "person_id": self.contact, "body": "Hello"}
        )


Asked = Callable[[IntercomClient, Known], Awaitable[Any]]
CALLS: dict[str, tuple[str, Asked]] = {
    "me": ("GET /me", lambda client, _: client.me()),
    "admins": ("GET /admins", lambda client, _: client.admins()),
    "contact_of": (
        "GET /contacts/find_by_external_id/{external_id}",
        lambda client, _: client.contact_of(ID),
    ),
    "contact": ("GET /contacts/{contact_id}", lambda client, known: client.contact(known.contact)),
    "contacts_with": ("POST /contacts/search", lambda client, _: client.contacts_with(EMAIL)),
    "company_of": ("GET /companies", lambda client, known: client.company_of(known.company.company_id)),
    "tags_of": ("GET /contacts/{contact_id}/tags", lambda client, known: client.tags_of(known.contact)),
    "all_tags": ("GET /tags", lambda client, _: client.all_tags()),
    "make_tag": ("POST /tags", lambda client, _: client.make_tag("at-risk")),
    "tag_contact": (
        "POST /contacts/{contact_id}/tags",
        lambda client, known: client.tag_contact(known.contact, known.tag),
    ),
    "untag_contact": (
        "DELETE /contacts/{contact_id}/tags/{tag_id}",
        lambda client, known: client.untag_contact(known.contact, known.tag),
    ),
    "tag_company": (
        "POST /tags",
        lambda client, known: client.tag_company(known.company, "at-risk", remove=False),
    ),
    "tag_company, off": (
        "POST /tags",
        lambda client, known: client.tag_company(known.company, "at-risk", remove=True),
    ),
    "send": ("POST /messages", lambda client, known: client.send(known.message, "<p>Hello</p>")),
    "send, with a conversation": (
        "POST /messages",
        lambda client, known: client.send(
            known.message.model_copy(update={"create_conversation": True}), "<p>Hello</p>"
        ),
    ),
}
"""By the client's method: what it asks of Intercom."""

LINKS = {"person_link", "company_link"}
"""Ask `GET /me` at most."""

SOMEBODY = Known("6762f0ff1", "81", Company(id="6762f07a1", company_id="acme"))

MEANS: dict[int, set[type[IntegrationError] | None]] = {
    200: {None},
    400: {Rejected},
    401: {Unauthorized},
    403: {Rejected},
    404: {NotFound, None},
    422: {Rejected},
}
"""What may become of an answer; None also where nobody is found."""


def client_of(url: str, **more: Any) -> IntercomClient:
    """By the name that the description has for in-app messages."""
    settings = {"message_type": "in_app", "app_url": url, **more}
    return IntercomClient(Intercom(token=SecretStr("ic-demo"), base_url=url, **settings))


@pytest.fixture(scope="module")
def document(description: Description) -> Document:
    return description(INTERCOM)


@pytest.fixture(scope="module")
def workspace() -> Any:
    with running_simulators() as url, Control(url) as control:
        control.reset(seed=1)
        yield control


@pytest.fixture(scope="module")
async def proxy(document: Document, workspace: Control, prism: Prism) -> AsyncIterator[Emulator]:
    intercoms(document)
    async with prism(document, upstream=f"{workspace.url}/intercom/api") as found:
        yield found


@pytest.fixture(scope="module")
async def known(workspace: Control) -> Known:
    """It has a tag, and so have contact and company: answers show them whole."""
    contact = workspace.ask("POST", "intercom/contacts", {"role": "user", "email": EMAIL, "external_id": ID})
    [row] = workspace.ask("GET", "intercom/customers", query={"case": "user", "limit": 1})
    client = client_of(f"{workspace.url}/intercom/api")
    company = await client.company_of(row["external_id"])
    assert company is not None
    tag = await client.tag_company(company, "vip", remove=False)
    await client.tag_contact(contact["id"], tag.id)
    await client.aclose()
    return Known(contact["id"], tag.id, company)


def test_every_call_is_here() -> None:
    calls = {name for name, each in vars(IntercomClient).items() if inspect.iscoroutinefunction(each)}
    public = {name for name in calls if not name.startswith("_")}
    assert public - LINKS - {"aclose"} == {name.partition(",")[0] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
async def test_request_and_answer_are_as_described(proxy: Emulator, known: Known, name: str) -> None:
    operation, ask = CALLS[name]
    client = client_of(proxy.url)
    async with watched(client._transport._http) as found:
        await ask(client, known)
    await client.aclose()
    assert found.has_seen(operation)
    assert found.violations == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "tags", {"test": "invalid"}),
        ("POST", "tags", {"name": "x", "companies": [{"id": 1}]}),
        ("POST", "contacts/search", {"query": {"field": "email", "operator": "LIKE", "value": "x"}}),
        ("POST", "messages", {"message_type": "inapp", "body": "x"}),
        ("POST", "messages", {"message_type": "in_app", "body": "x", "key": "0123:hi"}),
        ("GET", "companies?page=first", None),
    ],
)
async def test_what_is_not_described_is_seen(proxy: Emulator, method: str, path: str, body: Any) -> None:
    """Else the test above would say nothing."""
    client = client_of(proxy.url)
    async with watched(client._transport._http) as found:
        await refusal(client._transport.ask(Call("intercom", "ask nonsense"), method, path, body=body))
    await client.aclose()
    assert any(each.startswith("request.") for each in found.violations)


@pytest.mark.parametrize("name", CALLS)
async def test_every_answer_of_its_examples_is_read(document: Document, name: str) -> None:
    operation, ask = CALLS[name]
    method, path = operation.split()
    for status, answer in document["paths"][path][method.lower()]["responses"].items():
        for example in answer["content"]["application/json"]["examples"].values():
            with ScriptedServer(Reply(example["value"], int(status))) as server:
                client = client_of(server.url, admin_id=991267)
                found = await refusal(ask(client, SOMEBODY))
                await client.aclose()
            assert found in MEANS[int(status)], f"{status}: {example['summary']}"
