"""The webhook's body, its retries, and what the rules do to it."""

from datetime import UTC, datetime, timedelta

import pytest

from simulators.kit.control import Control
from tests.simulators.conftest import Receiver
from tests.waiting import until_blocking


def test_cancellation_sends_the_documented_body(simulators: Control, receiver: Receiver) -> None:
    customer = simulators.customers(limit=1)[0]
    sent = simulators.cancel(customer.uuid)
    until_blocking(lambda: len(receiver.bodies) == 1)
    assert receiver.bodies == [sent]
    assert sent == {
        "date": sent["date"],
        "type": "mrr_movement",
        "customer": {
            "name": "Zoë Lind",
            "uuid": customer.uuid,
            "email": "zoe.lind@harbour-1.example",
            "status": "cancelled",
            "company": "Harbour Foods",
            "currency": "USD",
            "current_arr": 0,
            "current_mrr": 0,
            "external_id": "cus_N1001",
            "external_ids": ["cus_N1001"],
            "currency_symbol": "$",
            "data_source_uuid": "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44",
        },
        "description": "cancelled their Business Monthly plan",
        "subscription": {"external_id": "sub_1"},
        "movement_type": "churn",
        "account_currency": "USD",
        "invoice_currency": "USD",
        "account_currency_symbol": "$",
        "invoice_currency_symbol": "$",
        "movement_amount_in_cent": -12500,
        "mrr_movement_in_account_currency": -12500,
        "mrr_movement_in_invoice_currency": -12500,
    }
    assert sent["date"].endswith(".000Z")


def test_invoice_currency_may_differ(simulators: Control) -> None:
    customer = simulators.customers(limit=1, offset=6)[0]
    body = simulators.cancel(customer.uuid, send=False)
    assert (body["account_currency"], body["invoice_currency"]) == ("USD", "EUR")
    assert body["mrr_movement_in_invoice_currency"] != body["mrr_movement_in_account_currency"]


def test_refused_webhook_is_retried_17_times(simulators: Control, receiver: Receiver) -> None:
    receiver.statuses = [500] * 30
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 18)
    deliveries = simulators.deliveries()
    assert [delivery.attempt for delivery in deliveries] == list(range(1, 19))
    assert {delivery.status_code for delivery in deliveries} == {500}
    assert len(receiver.bodies) == 18


@pytest.mark.parametrize("status", [302, 404])
def test_only_2xx_counts_as_received(simulators: Control, receiver: Receiver, status: int) -> None:
    receiver.statuses = [status, 202]
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 2)
    first, second = simulators.deliveries()
    assert (first.status_code, second.status_code) == (status, 202)
    assert second.response == {"taken": True}


def test_unreachable_receiver_is_retried(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(url="http://127.0.0.1:9/")
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 18)
    first = simulators.deliveries()[0]
    assert first.status_code is None
    assert first.error is not None
    assert first.error.startswith("ConnectError")


def test_lost_webhook_never_arrives(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(loss=1.0)
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    simulators.webhook(loss=0.0)
    simulators.cancel(simulators.customers(limit=2)[1].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 2)
    lost, arrived = sorted(simulators.deliveries(), key=lambda delivery: delivery.delivery)
    assert (lost.error, lost.status_code) == ("lost by rule", None)
    assert arrived.status_code == 200


def test_duplicate_arrives_twice(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(duplicate=1.0)
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 2)
    assert receiver.bodies[0] == receiver.bodies[1]
    assert {delivery.movement for delivery in simulators.deliveries()} == {0}


def test_reordering_swaps_neighbours(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(reorder=True)
    first, second = simulators.customers(limit=2)
    simulators.cancel(first.uuid)
    simulators.cancel(second.uuid)
    until_blocking(lambda: len(receiver.bodies) == 2)
    assert [body["customer"]["uuid"] for body in receiver.bodies] == [second.uuid, first.uuid]


def test_delay_holds_it_back(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(delay_seconds=1.0)
    asked = datetime.now(UTC)
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    assert simulators.deliveries()[0].at >= asked + timedelta(seconds=1)


def test_late_webhook_waits_that_long(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(late=1.0, late_seconds=1.0)
    asked = datetime.now(UTC)
    simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    assert simulators.deliveries()[0].at >= asked + timedelta(seconds=1)


def test_resend_is_one_delivery_more(simulators: Control, receiver: Receiver) -> None:
    sent = simulators.cancel(simulators.customers(limit=1)[0].uuid)
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    assert simulators.resend() == sent
    until_blocking(lambda: len(simulators.deliveries()) == 2)
    assert [delivery.delivery for delivery in simulators.deliveries()] == [0, 1]
    assert receiver.bodies == [sent, sent]


def test_reset_keeps_the_url_and_forgets_the_rules(simulators: Control, receiver: Receiver) -> None:
    simulators.webhook(loss=0.5)
    simulators.reset()
    rules = simulators.webhook()
    assert (rules.url, rules.loss, rules.retry_base_seconds) == (receiver.url, 0.0, 1.0)
