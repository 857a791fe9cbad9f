"""The webhook's answers, over real HTTP and a real Temporal."""

import asyncio
import json
import logging
from contextlib import suppress
from datetime import datetime, timedelta

import httpx
import pytest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from local.devserver import DevServer
from local.processes import free_ports
from namespace import namespace_gaps, prepare_namespace
from settings import Settings
from tests.conftest import OLD_SECRET, SECRET
from tests.ingress.conftest import URL, churn, ingress_for
from tests.models.bodies import webhook
from tests.waiting import until


async def test_a_new_event_is_202_with_its_run(http: httpx.AsyncClient, unserved: Client) -> None:
    answer = await http.post(URL, json=churn())
    assert answer.status_code == 202
    said = answer.json()
    [run] = said["runs"]
    assert run["workflow_id"] == f"churn_save/{said['event_id']}"
    assert run["new"] is True
    assert run["run_id"] in run["link"]
    described = await unserved.get_workflow_handle(run["workflow_id"]).describe()
    assert described.run_id == run["run_id"]


async def test_a_known_event_is_200_and_starts_nothing(http: httpx.AsyncClient) -> None:
    body = churn()
    first = await http.post(URL, json=body)
    second = await http.post(URL, json=body | {"movement_type": " CHURN"})
    assert second.status_code == 200
    assert second.json()["result"] == "duplicate"
    assert second.json()["runs"][0]["run_id"] == first.json()["runs"][0]["run_id"]


async def test_64_deliveries_at_once_start_one_run(http: httpx.AsyncClient) -> None:
    body = churn()
    answers = await asyncio.gather(*(http.post(URL, json=body) for _ in range(64)))
    assert sorted(answer.status_code for answer in answers) == [200] * 63 + [202]
    assert len({answer.json()["runs"][0]["run_id"] for answer in answers}) == 1


async def test_an_event_without_a_route_is_taken_and_said_so(http: httpx.AsyncClient) -> None:
    answer = await http.post(URL, json=churn(movement_type="expansion"))
    assert (answer.status_code, answer.json()["result"]) == (200, "unrouted")


async def test_the_run_can_be_found_by_its_search_attributes(
    http: httpx.AsyncClient, unserved: Client
) -> None:
    said = (await http.post(URL, json=churn())).json()
    described = await unserved.get_workflow_handle(said["runs"][0]["workflow_id"]).describe()
    found = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert found.pop("Customer").startswith("cus_")
    assert found.pop("OccurredAt").isoformat() == "2026-05-20T07:02:18+00:00"
    assert found == {
        "Headline": "Churn −€49.00 MRR, Team Monthly",
        "Account": "default",
        "EventKind": "churn",
        "EventSource": "webhook",
        "Template": "churn_save",
        "Outcome": "open",
        "Mode": "live",
    }
    assert await described.static_summary() == "Churn: Fjord Labs, −€49.00 MRR"
    memo = {"stated": ["churn 4900 EUR"], "subscription": "sub_a77", "route": "churn-save"}
    told = dict(await described.memo())
    assert abs(datetime.fromisoformat(told.pop("begun")) - described.start_time) < timedelta(minutes=5)
    assert told == memo


async def test_each_secret_that_is_valid_at_once_is_taken(http: httpx.AsyncClient) -> None:
    body = churn()
    answer = await http.post(f"/webhooks/chartmogul/{OLD_SECRET}", json=body)
    assert answer.status_code == 202
    assert (await http.post(URL, json=body)).status_code == 200


@pytest.mark.parametrize("path", ["wrong", "%C3%A9", f"{SECRET}x", SECRET[:-1], ""])
async def test_a_wrong_or_missing_secret_is_404(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(f"/webhooks/chartmogul/{path}", json=churn())
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "no JSON"),
        (b"name=acme", "no JSON"),
        (b'{"type": "mrr_movement"', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no MRR movement"),
        (b"null", "no MRR movement"),
        (b"{}", "type: Field required"),
        (json.dumps(webhook(type="Nora Lind")).encode(), "type is not mrr_movement"),
        (json.dumps(webhook(movement_type="Nora Lind")).encode(), "none of new_biz, expansion"),
        (json.dumps(webhook(mrr_movement_in_account_currency="4900")).encode(), "account_currency"),
        (json.dumps(webhook(mrr_movement_in_account_currency=True)).encode(), "account_currency"),
        (json.dumps(webhook(mrr_movement_in_account_currency=10**400)).encode(), "account_currency"),
        (json.dumps(webhook(mrr_movement_in_account_currency=float("nan"))).encode(), "no JSON"),
        (json.dumps(webhook(account_currency="euros")).encode(), "currency"),
        (json.dumps(webhook(date=1779260538)).encode(), "date"),
        (json.dumps(webhook(date="2026-05-20T07:02:18")).encode(), "date"),
        (json.dumps(webhook(date="Nora Lind")).encode(), "date"),
        (json.dumps(webhook(date="0001-01-01T00:00:00+05:00")).encode(), "date"),
        (json.dumps(webhook(customer={"uuid": "a b\x00"})).encode(), "customer.uuid"),
        (json.dumps(webhook(customer=None)).encode(), "customer"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_sentence(
    http: httpx.AsyncClient, body: bytes, sentence: str
) -> None:
    answer = await http.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert sentence in answer.json()["error"]
    assert "Nora" not in answer.text


async def test_a_slash_at_the_end_is_404_and_sends_nobody_to_the_secret(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{URL}/", json=churn())
    assert answer.status_code == 404
    assert SECRET not in str(answer.headers)


async def test_a_body_without_a_content_type_is_read_all_the_same(http: httpx.AsyncClient) -> None:
    assert (await http.post(URL, content=json.dumps(churn()))).status_code == 202


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ("Content-Length: 10000000", b""),
        ("Transfer-Encoding: chunked", b"50000\r\n" + b" " * 0x50000 + b"\r\n"),
    ],
)
async def test_a_body_over_256_kib_is_413_without_reading_on(
    http: httpx.AsyncClient, header: str, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
    writer.write(f"POST {URL} HTTP/1.1\r\nHost: test\r\n{header}\r\n\r\n".encode() + sent)
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "longer than 256 KiB" in answer


async def test_a_body_that_does_not_come_is_408(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingress.webhooks.body.BODY_SECONDS", 0.2)
    reader, writer = await begun(http)
    answer = (await reader.read()).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "did not come within" in answer


async def test_a_sender_who_hangs_up_is_no_error(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await begun(http)
    await asyncio.sleep(0.1)
    writer.close()
    await until(lambda: "delivery refused" in caplog.text)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def begun(http: httpx.AsyncClient) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A delivery of which a part is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
    writer.write(f"POST {URL} HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    return reader, writer


async def test_before_temporal_is_connected_it_is_503_with_retry_after(settings: Settings) -> None:
    async with ingress_for(None, settings) as http:
        answer = await http.post(URL, json=churn())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (await http.get("/ready")).json() == {"temporal": "unreachable"}
        assert (await http.get("/health")).status_code == 200


async def test_when_temporal_is_away_it_is_503_with_retry_after(
    settings: Settings,
) -> None:
    nobody = await Client.connect(
        f"127.0.0.1:{free_ports(0)[0]}", lazy=True, data_converter=pydantic_data_converter
    )
    async with ingress_for(nobody, settings) as http:
        answer = await http.post(URL, json=churn())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (await http.get("/ready")).status_code == 503
        assert (await http.get("/health")).status_code == 200


@pytest.mark.slow
async def test_a_temporal_that_hangs_is_503_too(settings: Settings) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hanging = await Client.connect(f"127.0.0.1:{port}", lazy=True, data_converter=pydantic_data_converter)
    async with server, ingress_for(hanging, settings) as http:
        assert (await http.post(URL, json=churn())).status_code == 503


async def test_ready_when_temporal_answers(http: httpx.AsyncClient) -> None:
    assert (await http.get("/ready")).status_code == 200


async def test_a_namespace_that_lacks_something_is_named_and_takes_nothing(
    temporal_server: DevServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    bare = await bare_namespace(temporal_server)
    async with ingress_for(bare, settings) as http:
        ready = await http.get("/ready")
        assert ready.status_code == 503
        assert "namespace bare lacks search attributes Headline, " in ready.json()["temporal"]
        assert "30 days of retention: run `mogulflow prepare`" in ready.json()["temporal"]
        answer = await http.post(URL, json=churn())
        assert (answer.status_code, answer.json()["error"]) == (
            503,
            "The event was not confirmed: send it again.",
        )
        [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert vars(record)["reason"] == "INVALID_ARGUMENT"
        assert "search attribute" in vars(record)["detail"]
        await prepare_namespace(bare)
        assert (await http.get("/ready")).status_code == 200


async def bare_namespace(server: DevServer) -> Client:
    """With one day of retention, and no search attribute of ours."""
    client = await Client.connect(server.address, namespace="bare", data_converter=pydantic_data_converter)
    request = RegisterNamespaceRequest(namespace="bare")
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(request)

    async def is_known() -> bool:
        """The server's parts hear of it one by one."""
        with suppress(RPCError):
            async for _ in client.list_workflows("", limit=1):
                pass
            await namespace_gaps(client)
            return True
        return False

    await until(is_known)
    return client


async def test_a_namespace_that_is_not_there_is_named(temporal_server: DevServer, settings: Settings) -> None:
    nowhere = await Client.connect(temporal_server.address, namespace="nowhere")
    async with ingress_for(nowhere, settings) as http:
        ready = await http.get("/ready")
        assert (ready.status_code, ready.json()["temporal"]) == (503, "there is no namespace nowhere")


OF_THE_TEST = ("httpx", "httpcore", "uvicorn.access")
"""Loggers that tell the URL; uvicorn's is off in the service, but pytest listens to it all the same."""


async def test_logs_tell_the_event_and_nothing_personal(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        said = (await http.post(URL, json=churn())).json()
        await http.post(f"/webhooks/chartmogul/{SECRET}x", json=churn())
        for field in ("type", "date", "movement_type", "account_currency", "customer"):
            await http.post(URL, json=churn(**{field: "Nora Lind <n@f.example>"}))
        await http.post(URL, content=json.dumps(churn())[:-1])
    of_the_service = [each for each in caplog.records if not each.name.startswith(OF_THE_TEST)]
    text = " ".join(f"{vars(record)} {record.getMessage()}" for record in of_the_service)
    assert said["event_id"] in text
    assert "/webhooks/chartmogul/{secret}" in text
    assert SECRET not in text
    for private in ("Nora", "Fjord", "n@f.example"):
        assert private not in f"{text} {caplog.text}"


async def test_metrics_count_what_became_of_deliveries(http: httpx.AsyncClient) -> None:
    await http.post(URL, json=churn())
    text = (await http.get("/metrics")).text
    assert 'mogulflow_webhook_deliveries_total{result="started"}' in text
    assert 'path="/webhooks/chartmogul/{secret}"' in text
    assert SECRET not in text
