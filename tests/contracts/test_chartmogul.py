"""ChartMogul: the contract, with a tag as the write, and what only ChartMogul does."""

import asyncio
from typing import Any

import httpx
import pytest

from clients.chartmogul.client import MAX_CONNECTIONS, ChartMogulClient
from clients.kit.errors import IntegrationError, NotFound, Rejected, Unavailable
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.contracts.chartmogul import client_of
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract

ACCOUNT = {"name": "Acme", "currency": "USD", "time_zone": "Europe/Berlin"}


class TestChartMogulContract(WriteContract):
    system = "chartmogul"
    read_path = "/account"
    write_path = "/attributes/tags"
    uuid = ""
    answer = ACCOUNT | {"brand_new": {"deep": [1, 2]}}
    wrong_answer = ACCOUNT | {"currency": 7}

    def connect(self, control: Control, **options: Any) -> ChartMogulClient:
        self.uuid = control.customers(limit=1)[0].uuid
        url = f"{options.pop('url', control.url)}/chartmogul/v1"
        return client_of(url, options.pop("credential", CHARTMOGUL_KEY), **options)

    async def read(self, client: ChartMogulClient) -> object:
        return await client.account()

    async def read_nothing(self, client: ChartMogulClient) -> object:
        return await client.latest_note("cus_00000000-0000-4000-a000-000000000000")

    async def read_pages(self, control: Control) -> tuple[int, int]:
        uuid = control.customers(limit=1)[0].uuid
        one_page, small_pages = self.connect(control), self.connect(control, page_size=2)
        before = len(await one_page.movements(uuid))
        for cents in (100, 200, 300, 400):
            control.expand(uuid, cents, send=False)
        movements = await small_pages.movements(uuid)
        await asyncio.gather(one_page.aclose(), small_pages.aclose())
        return before + 4, len(movements)

    async def write(self, client: ChartMogulClient, text: str = "Hello") -> object:
        await client.customer_writes.add_tags(self.uuid, [text])
        return text

    async def write_again(self, client: ChartMogulClient) -> object:
        return await self.write(client)

    async def write_nonsense(self, client: ChartMogulClient) -> object:
        await client.customer_writes.change(self.uuid, {"colour": "red"})
        return None

    def written(self, control: Control) -> list[str]:
        return list(control.attributes(self.uuid)["tags"])


async def test_cancelled_customer_is_read_back(simulators: Control) -> None:
    row = simulators.customers(limit=1, case="account")[0]
    simulators.cancel(row.uuid, reason="Too <expensive> & slow", send=False)
    client = client_of(simulators.chartmogul_url)
    customer = await client.customer(row.uuid)
    subscriptions = await client.subscriptions(row.uuid)
    movements = await client.movements(row.uuid)
    await client.aclose()

    assert (customer.uuid, customer.email, customer.label) == (row.uuid, row.email, row.company)
    assert customer.mrr == 0
    assert not any(subscription.alive for subscription in subscriptions)
    assert movements[0].type == "churn"
    assert movements[0].mrr == 0
    assert [m.date for m in movements] == sorted((m.date for m in movements), reverse=True)


async def test_latest_note_is_the_newest(simulators: Control) -> None:
    uuid = simulators.customers(limit=1)[0].uuid
    client = client_of(simulators.chartmogul_url)
    simulators.add_note(uuid, "first")
    simulators.add_note(uuid, "Zoë called")
    note = await client.latest_note(uuid)
    await client.aclose()
    assert note is not None
    assert note.text == "Zoë called"


async def test_customer_that_is_not_there_is_not_found(simulators: Control) -> None:
    client = client_of(simulators.chartmogul_url)
    with pytest.raises(NotFound, match="cus_00000000"):
        await client.customer("cus_00000000-0000-4000-a000-000000000000")
    with pytest.raises(NotFound):
        await client.customer("../account")
    await client.aclose()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"code": 400, "message": 'Parameter "name" is missing', "param": "name"}, "name"),
        ({"error": "Invoice not found"}, "Invoice not found"),
        ({"errors": {"name": "Has already been taken."}}, "Has already been taken"),
        ({"name": ["blank"], "error_details": [{"param": "name", "code": "blank"}]}, "name: blank"),
        ({"errors": {"invoices": [{"errors": {"date": ["is blank"]}}]}}, "invoices.errors.date: is blank"),
        ({"message": "no user ann@acme.example"}, r"no user \[e-mail\]"),
    ],
)
async def test_every_shape_of_error_is_told(body: Any, told: str) -> None:
    with ScriptedServer(Reply(body, 422)) as server:
        client = client_of(server.url)
        with pytest.raises(Rejected, match=told):
            await client.account()
        await client.aclose()


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422, 500])
@pytest.mark.parametrize("body", ["<html><body>Access denied</body></html>", "", []])
async def test_page_of_a_proxy_is_no_word_of_chartmoguls(status: int, body: Any) -> None:
    """Nor is a customer gone where a proxy answers 404."""
    with ScriptedServer(Reply(body, status, {"Location": "/elsewhere"}, "text/html")) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable) as caught:
            await client.customer("cus_1")
        await client.aclose()
        assert len(server.seen) == 1
    assert "credential" not in str(caught.value)


async def test_paging_ends_at_has_more_and_not_at_the_cursor() -> None:
    row = {
        "date": "2026-01-01T00:00:00+00:00",
        "type": "new_biz",
        "activity-mrr-movement": 1,
        "activity-mrr": 1,
    }
    first = Reply({"entries": [row], "has_more": True, "cursor": "a"})
    last = Reply({"entries": [row], "has_more": False, "cursor": "b"})
    with ScriptedServer(first, last) as server:
        client = client_of(server.url)
        assert len(await client.movements("cus_1")) == 2
        assert server.paths() == [
            "/customers/cus_1/activities?per_page=200",
            "/customers/cus_1/activities?per_page=200&cursor=a",
        ]
        await client.aclose()


@pytest.mark.parametrize("cursor", [None, "a"])
async def test_list_that_goes_nowhere_ends(cursor: str | None) -> None:
    with ScriptedServer(Reply({"entries": [], "has_more": True, "cursor": cursor})) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable, match="goes on"):
            await client.subscriptions("cus_1")
        await client.aclose()


async def test_wrong_amount_names_the_field_and_no_value() -> None:
    with ScriptedServer(Reply({"uuid": "cus_1", "mrr": "ann@acme.example"})) as server:
        client = client_of(server.url)
        with pytest.raises(Rejected, match="mrr: Input should be a valid integer") as caught:
            await client.customer("cus_1")
        assert "ann" not in str(caught.value)
        await client.aclose()


async def test_no_more_connections_than_chartmogul_allows() -> None:
    with ScriptedServer(Reply(ACCOUNT, delay_seconds=0.05)) as server:
        client = client_of(server.url)
        await asyncio.gather(*(client.account() for _ in range(3 * MAX_CONNECTIONS)))
        assert server.most_at_once <= MAX_CONNECTIONS
        assert server.connections <= MAX_CONNECTIONS
        await client.aclose()


async def test_error_has_no_cause_that_tells_more() -> None:
    with ScriptedServer(Reply(drop=True)) as server:
        client = client_of(server.url)
        with pytest.raises(IntegrationError) as caught:
            await client.account()
        assert caught.value.__cause__ is None
        await client.aclose()


async def test_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ScriptedServer(Reply(ACCOUNT)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = client_of("http://api.acme.example/v1")
        await client.account()
        assert proxy.paths() == ["http://api.acme.example/v1/account"]
        await client.aclose()


async def test_invoice_and_payer_are_of_the_data_source_that_is_named(simulators: Control) -> None:
    """Another data source may have one of the same id."""
    uuid, url = simulators.customers(limit=1, case="account")[0].uuid, f"{simulators.chartmogul_url}/invoices"
    answer = httpx.get(url, params={"customer_uuid": uuid}, auth=(CHARTMOGUL_KEY, ""), trust_env=False)
    row, other = answer.json()["invoices"][0], "ds_00000000-0000-4000-a000-000000000000"
    id, payer, its = row["external_id"], row["customer_external_id"], row["data_source_uuid"]
    client = client_of(simulators.chartmogul_url)
    invoices = [await client.invoice(id, source) for source in ("", its, other)]
    payers = [await client.customers_of(payer, source) for source in ("", its, other)]
    await client.aclose()
    assert [each.uuid if each else None for each in invoices] == [row["uuid"], row["uuid"], None]
    assert [[each.uuid for each in found] for found in payers] == [[uuid], [uuid], []]
