"""ChartMogul's writes: each is sent once, done once, and refused as ChartMogul refuses it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.refusals import is_duplicate
from clients.kit.errors import IntegrationError, NotFound, OutcomeUnknown, Rejected, Unauthorized
from models.changes import AttributeValue
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_READ_ONLY_KEY, CustomerRow
from tests.contracts.chartmogul import client_of
from tests.contracts.scripted import Reply, ScriptedServer

SOURCE = "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44"
EVENT = {
    "external_id": "ev_1",
    "data_source_uuid": SOURCE,
    "customer_external_id": "cus_N1001",
    "subscription_external_id": "sub_1",
    "event_type": "subscription_cancelled",
    "event_date": "2026-05-18T09:48:34Z",
    "effective_date": "2026-05-20T07:02:18Z",
}
Write = Callable[[ChartMogulClient, CustomerRow, CustomerRow], Awaitable[object]]

WRITES: dict[str, Write] = {
    "POST /attributes/tags": lambda client, one, _: client.customer_writes.add_tags(one.uuid, ["vip"]),
    "DELETE /attributes/tags": lambda client, one, _: client.customer_writes.remove_tags(one.uuid, ["vip"]),
    "POST /attributes/custom": lambda client, one, _: client.customer_writes.set_attributes(
        one.uuid, [AttributeValue(key="tier", value="gold")]
    ),
    "PUT /attributes/custom": lambda client, one, _: client.customer_writes.change_attributes(
        one.uuid, {"channel": "Fair"}
    ),
    "DELETE /attributes/custom": lambda client, one, _: client.customer_writes.remove_attributes(
        one.uuid, ["channel"]
    ),
    "POST /customers": lambda client, *_: client.customer_writes.create(SOURCE, "new-1", {"name": "Ann"}),
    "PATCH /customers/": lambda client, one, _: client.customer_writes.change(one.uuid, {"city": "Bonn"}),
    "DELETE /customers/": lambda client, one, _: client.customer_writes.delete(one.uuid),
    "POST /customers/merges": lambda client, one, two: client.customer_writes.merge(one.uuid, two.uuid),
    "POST /subscription_events": lambda client, *_: client.event_writes.create(EVENT),
}


@pytest.fixture
async def client(simulators: Control) -> AsyncIterator[ChartMogulClient]:
    client = client_of(simulators.chartmogul_url, timeout_seconds=5)
    yield client
    await client.aclose()


def two_of(simulators: Control) -> tuple[CustomerRow, CustomerRow]:
    one, two = simulators.customers(limit=2)
    return one, two


def writes_of(simulators: Control) -> list[str]:
    return [call.method for call in simulators.calls("chartmogul") if call.method != "GET"]


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_a_write_that_gets_no_answer_is_sent_once_and_left_open(
    simulators: Control, client: ChartMogulClient, name: str, kind: Any
) -> None:
    method, path = name.split()
    await client.account()  # a connection that is kept: some libraries send again on those
    simulators.fault("chartmogul", kind, method=method, path=path)
    with pytest.raises(OutcomeUnknown, match="ChartMogul did not answer whether"):
        await WRITES[name](client, *two_of(simulators))
    assert writes_of(simulators) == [method]
    if kind == "drop_before":
        await WRITES[name](client, *two_of(simulators))


@pytest.mark.parametrize("name", WRITES)
async def test_a_read_only_key_is_refused_and_the_advice_says_so(simulators: Control, name: str) -> None:
    client = client_of(simulators.chartmogul_url, CHARTMOGUL_READ_ONLY_KEY)
    with pytest.raises(Unauthorized, match=r"\(HTTP 403\)\. .*read-only key writes nothing"):
        await WRITES[name](client, *two_of(simulators))
    assert (await client.account()).currency == "USD"
    await client.aclose()


async def test_what_has_the_external_id_already_is_a_duplicate(
    simulators: Control, client: ChartMogulClient
) -> None:
    await client.event_writes.create(EVENT)
    for again in (
        client.event_writes.create(EVENT),
        client.customer_writes.create(SOURCE, "cus_N1001", {"name": "Ann"}),
    ):
        with pytest.raises(Rejected, match="already exists in our system") as caught:
            await again
        assert is_duplicate(caught.value)
        assert caught.value.fields == ("external_id",)
    assert len(simulators.subscription_events()) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([AttributeValue(key="channel", value=7, type="Integer")], "channel is of type String"),
        ([AttributeValue(key="tier", value="x" * 256)], "value is no String"),
        ([AttributeValue(key="tier", value="many", type="Integer")], "value is no Integer"),
        ([AttributeValue(key="tier", value="soon", type="Timestamp")], "value is no Timestamp"),
        ([AttributeValue(key="tier", value="yes", type="Boolean")], "value is no Boolean"),
        ([AttributeValue.model_construct(key="a b", value="c", type="String")], "key may hold"),
    ],
)
async def test_an_attribute_of_another_type_is_refused(
    simulators: Control, client: ChartMogulClient, values: list[AttributeValue], said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        await client.customer_writes.set_attributes(two_of(simulators)[0].uuid, values)


async def test_an_attribute_comes_back_as_chartmogul_writes_it(
    simulators: Control, client: ChartMogulClient
) -> None:
    uuid = two_of(simulators)[0].uuid
    given = [
        AttributeValue(key="ends", value="2026-03-02T10:00:00+01:00", type="Timestamp"),
        AttributeValue(key="seats", value=12, type="Integer"),
        AttributeValue(key="share", value=0.25, type="Decimal"),
        AttributeValue(key="partner", value=True, type="Boolean"),
    ]
    await client.customer_writes.set_attributes(uuid, given)
    custom = (await client.customer_writes.read_attributes(uuid))["custom"]
    named = {each.key: custom[each.key] for each in given}
    assert named == {"ends": "2026-03-02T09:00:00.000Z", "seats": 12, "share": 0.25, "partner": True}
    await client.customer_writes.remove_attributes(uuid, list(named))
    assert not named.keys() & (await client.customer_writes.read_attributes(uuid))["custom"].keys()


async def test_an_unknown_owner_and_a_state_that_does_not_fit_are_ignored_in_silence(
    simulators: Control, client: ChartMogulClient
) -> None:
    uuid, writes = two_of(simulators)[0].uuid, client.customer_writes
    await writes.change(uuid, {"owner": "nobody@acme.example", "country": "NO", "state": "US-CA"})
    row = await writes.read(uuid)
    assert (row["owner"], row["country"], row["state"]) == (None, "NO", None)
    await writes.change(uuid, {"owner": "ana@mogulflow.example", "country": "US", "state": "US-CA"})
    row = await writes.read(uuid)
    assert (row["owner"], row["state"]) == ("ana@mogulflow.example", "CA")
    assert row["address"]["country"] == "United States"


async def test_a_merge_is_accepted_and_done_later(simulators: Control, client: ChartMogulClient) -> None:
    one, two = two_of(simulators)
    simulators.chartmogul(merge_seconds=3600)
    await client.customer_writes.merge(one.uuid, two.uuid)
    assert (await client.customer(one.uuid)).uuid == one.uuid
    simulators.chartmogul(merge_seconds=0)
    with pytest.raises(NotFound):
        await client.customer(one.uuid)
    found = await client.customer_writes.find(SOURCE, one.external_id)
    assert found is not None
    assert found["uuid"] == two.uuid
    assert one.external_id in found["external_ids"]
    before = len(await client.movements(two.uuid))
    await client.customer_writes.unmerge(two.uuid, SOURCE, one.external_id)
    assert (await client.customer(one.uuid)).external_ids == [one.external_id]
    assert len(await client.movements(two.uuid)) < before
    assert "merged-customer" not in simulators.attributes(two.uuid)["tags"]


async def test_a_merge_with_nobody_or_oneself_is_refused(
    simulators: Control, client: ChartMogulClient
) -> None:
    one, two = two_of(simulators)
    with pytest.raises(NotFound):
        await client.customer_writes.merge("cus_00000000-0000-4000-a000-000000000000", two.uuid)
    with pytest.raises(Rejected, match="same customer"):
        await client.customer_writes.merge(one.uuid, one.uuid)
    with pytest.raises(NotFound):
        await client.customer_writes.unmerge(one.uuid, SOURCE, two.external_id)


async def test_an_event_is_disabled_enabled_and_deleted(
    simulators: Control, client: ChartMogulClient
) -> None:
    events = client.event_writes
    id = str((await events.create(EVENT))["id"])
    await events.switch(id, disabled=True)
    found = await events.find(SOURCE, "ev_1")
    assert found is not None
    assert found["disabled"] is True
    await events.switch(id, disabled=False)
    await events.delete(id)
    await events.delete(id)
    assert await events.find(SOURCE, "ev_1") is None


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Reply({"code": 400, "message": 'Parameter "x" is missing'}, 400), Rejected, '"x" is missing'),
        (Reply({"error": "Data source not found"}, 404), NotFound, "Data source not found"),
        (Reply({"errors": {"name": "Has already been taken."}}, 422), Rejected, "name: Has already been"),
        (Reply({"message": "Status transition is not allowed"}, 422), Rejected, "Status transition"),
        (Reply("500 Internal Server Error", 500, content_type="text/plain"), OutcomeUnknown, "HTTP 500"),
        (Reply("", 500), OutcomeUnknown, "HTTP 500"),
        (Reply("", 204), OutcomeUnknown, "names no customer"),
    ],
)  # fmt: skip
async def test_every_shape_of_refusal_is_understood(
    reply: Reply, kind: type[IntegrationError], said: str
) -> None:
    with ScriptedServer(reply) as server:
        client = client_of(server.url)
        with pytest.raises(kind, match=said):
            await client.customer_writes.create(SOURCE, "new", {"name": "Ann"})
        await client.aclose()
        assert len(server.seen) == 1
