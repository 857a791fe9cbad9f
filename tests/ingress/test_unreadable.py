"""What cannot be read is kept as a run, and no sender can make too many of them."""

import asyncio
import json
import logging
import uuid
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from dispatch.dead_letters import HOUR, DeadLetters
from dispatch.deliveries import CHARTMOGUL, Delivery
from dispatch.dispatcher import Dispatcher
from models.deliveries import MOST_KEPT
from models.routes import Routes
from settings import Settings
from tests.conftest import SECRET
from tests.ingress.conftest import ingress_for, kept_input, nobody
from tests.models.bodies import webhook

URL = f"/webhooks/chartmogul/{SECRET}"


def unreadable(**changes: Any) -> bytes:
    """A body no test has seen, with a customer's name in it."""
    customer = {"uuid": f"cus_{uuid.uuid4()}", "name": "Nora Lind"}
    return json.dumps(webhook(customer=customer, movement_type="upsell", **changes)).encode()


async def test_it_is_422_with_the_run_that_keeps_it(http: httpx.AsyncClient, unserved: Client) -> None:
    body = unreadable()
    answer = await http.post(URL, content=body)
    assert answer.status_code == 422
    kept = answer.json()["kept"]
    assert kept["workflow_id"].startswith("unreadable_delivery/")
    assert kept["run_id"] in kept["link"]
    delivery = await kept_input(unserved, kept)
    assert (delivery.body, delivery.size, delivery.exact) == (body.decode(), len(body), True)
    assert (delivery.account, delivery.reason) == ("default", answer.json()["error"])


async def test_the_run_is_listed_with_its_reason_and_nothing_personal(
    http: httpx.AsyncClient, unserved: Client
) -> None:
    kept = (await http.post(URL, content=unreadable())).json()["kept"]
    described = await unserved.get_workflow_handle(kept["workflow_id"]).describe()
    headline = (
        "Unreadable delivery: This is no MRR movement: movement type is none of "
        "new_biz, expansion, contraction, churn, reactivation."
    )
    assert {pair.key.name: pair.value for pair in described.typed_search_attributes} == {
        "Headline": headline,
        "Account": "default",
        "Template": "unreadable_delivery",
        "Outcome": "unreadable",
        "Mode": "live",
    }
    assert await described.static_summary() == headline
    assert await described.static_details() is None


async def test_the_same_body_twice_is_one_run(http: httpx.AsyncClient) -> None:
    body = unreadable()
    answers = await asyncio.gather(*(http.post(URL, content=body) for _ in range(16)))
    assert len({answer.json()["kept"]["run_id"] for answer in answers}) == 1


async def test_another_process_finds_the_same_run(
    http: httpx.AsyncClient, unserved: Client, settings: Settings
) -> None:
    body = unreadable()
    first = await http.post(URL, content=body)
    async with ingress_for(unserved, settings) as another:
        assert (await another.post(URL, content=body)).json() == first.json()


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        (b"\xffName: Nora Lind", False),
        (unreadable().decode().encode("utf-16"), False),
        ("\N{REPLACEMENT CHARACTER}".encode(), True),
        (b" " * MOST_KEPT, True),
        (b"[" + "ä".encode() * MOST_KEPT, False),
    ],
    ids=["bad UTF-8", "UTF-16", "a replacement character that came", "16 KiB", "more than 16 KiB"],
)
async def test_a_body_that_is_not_kept_as_it_came_says_so(
    http: httpx.AsyncClient, unserved: Client, body: bytes, exact: bool
) -> None:
    delivery = await kept_input(unserved, (await http.post(URL, content=body)).json()["kept"])
    assert (delivery.size, delivery.exact) == (len(body), exact)
    assert delivery.cut == (len(body) > MOST_KEPT)
    assert len(delivery.body) <= MOST_KEPT


async def test_too_many_in_an_hour_are_refused_and_not_kept(unserved: Client, settings: Settings) -> None:
    async with ingress_for(unserved, settings, unreadable_kept_per_hour=2) as http:
        known = unreadable()
        for body in (known, unreadable()):
            assert (await http.post(URL, content=body)).json()["kept"]
        answer = await http.post(URL, content=unreadable())
        assert answer.status_code == 422
        assert "kept" not in answer.json()
        assert "It was not kept: too many" in answer.json()["error"]
        assert (await http.post(URL, content=known)).json()["kept"]
        text = (await http.get("/metrics")).text
        assert 'mogulflow_webhook_deliveries_total{result="unreadable_not_kept"}' in text


@pytest.fixture
def dispatcher(unserved: Client) -> Dispatcher:
    return Dispatcher(unserved, Routes(routes=[]), "http://127.0.0.1:8233")


async def test_the_bound_is_per_account_and_for_an_hour(dispatcher: Dispatcher) -> None:
    now = 0.0
    keeper = DeadLetters(1, clock=lambda: now)
    assert await keeper.keep(dispatcher, Delivery(CHARTMOGUL, "default", unreadable()), "It is wrong.")
    assert (
        await keeper.keep(dispatcher, Delivery(CHARTMOGUL, "default", unreadable()), "It is wrong.") is None
    )
    assert await keeper.keep(dispatcher, Delivery(CHARTMOGUL, "europe", unreadable()), "It is wrong.")
    now = HOUR
    assert await keeper.keep(dispatcher, Delivery(CHARTMOGUL, "default", unreadable()), "It is wrong.")


async def test_what_could_not_be_kept_takes_no_place(dispatcher: Dispatcher) -> None:
    keeper = DeadLetters(1)
    away = Dispatcher(await nobody(), dispatcher.routes, dispatcher.web_ui_url)
    with pytest.raises(RuntimeError):
        await keeper.keep(away, Delivery(CHARTMOGUL, "default", unreadable()), "It is wrong.")
    assert await keeper.keep(dispatcher, Delivery(CHARTMOGUL, "default", unreadable()), "It is wrong.")


async def test_when_temporal_is_away_it_is_503_with_retry_after(settings: Settings) -> None:
    for client in (None, await nobody()):
        async with ingress_for(client, settings) as http:
            answer = await http.post(URL, content=unreadable())
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0


async def test_the_log_has_the_reason_and_the_run_and_nothing_personal(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    kept = (await http.post(URL, content=unreadable())).json()["kept"]
    [record] = [each for each in caplog.records if each.getMessage() == "delivery unreadable"]
    assert record.levelno == logging.WARNING
    assert vars(record)["kept"] == kept["workflow_id"]
    assert "Nora" not in str(vars(record))
