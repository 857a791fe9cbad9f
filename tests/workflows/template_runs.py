"""Starts a run of any template: an event through the dispatcher, by a route with these options."""

from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle

from configuration.connectors import load_connectors
from dispatch.deliveries import Delivery, event_of
from dispatch.dispatcher import Dispatcher
from local.stack import EXAMPLE_CONFIG
from models.cases import Joining
from models.chartmogul import MovementWebhook
from models.crm import CrmMapping
from models.effects import Effect, Mode
from models.event import Event, EventSource
from models.events import FailedPayment, MovementType, movement_from_webhook
from models.money import Money
from models.routes import Routes
from models.runs import RunResult
from models.templates.template import Installation
from simulators.kit.control import Control

Run = WorkflowHandle[Any, RunResult]
CHANNEL = "#revenue-saves"
MOVEMENTS = {each.value for each in MovementType}


def movement(body: dict[str, Any]) -> Event:
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


def payment(
    invoice: str, *, customer: str = "", external_id: str | None = None, **more: Any
) -> FailedPayment:
    """A failed attempt, as a billing system's webhook tells of it."""
    told: dict[str, Any] = {
        "account": "default",
        "occurred_at": datetime.now(UTC),
        "customer_uuid": customer,
        "customer_external_id": external_id,
        "invoice": invoice,
        "amount": Money(cents=4900, currency="USD"),
        "source": EventSource.BILLING,
    }
    return FailedPayment.model_validate(told | more)


async def begin(
    client: Client,
    template: str,
    event: Event,
    *,
    mode: Mode = Mode.LIVE,
    installation: Installation | None = None,
    **options: Any,
) -> Run:
    when = {"movements": [event.type]} if event.type in MOVEMENTS else {"events": [event.type]}
    given = {"channel": CHANNEL} | options
    route = {"name": "test", "template": template, "when": when, "options": given}
    dispatcher = Dispatcher(
        client,
        Routes.model_validate({"routes": [route]}),
        "http://127.0.0.1:8233",
        installation or Installation(),
    )
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC), mode=mode)
    return client.get_workflow_handle(run.workflow_id, result_type=RunResult)


def actions(effects: list[Effect]) -> dict[str, str]:
    """By what was written: `slack message: created`."""
    return {f"{each.system} {each.object_type}": each.action.value for each in effects}


def case_of(client: Client, workflow: str, customer: str) -> Run:
    """The run that gathers what is open about the customer."""
    about: dict[str, Any] = {"template": "", "headline": "", "summary": "", "told": {}}
    joining = Joining(workflow=workflow, account="default", customer_uuid=customer, **about)
    return client.get_workflow_handle(joining.case_id, result_type=RunResult)


def with_product(simulators_url: str) -> Installation:
    """The example's connector, at the simulated product."""
    example = load_connectors(EXAMPLE_CONFIG / "connectors")["my_product"]
    product = example.model_copy(update={"base_url": f"{simulators_url}/connector/api"})
    return Installation(connectors={"my_product": product}, crm=CrmMapping())


class Invoice:
    """Of a customer whom Intercom knows as a user: the last of the so manyth of them, or of one after."""

    def __init__(self, simulators: Control, number: int = 0) -> None:
        self._simulators = simulators
        known = simulators.ask("GET", "intercom/customers", query={"case": "user", "limit": 40 + number})
        bills = (self._last(each["external_id"]) for each in known[number:])
        self.id = next(bill for bill in bills if bill)

    def _last(self, customer: str) -> str | None:
        bills = self._simulators.ask("GET", "stripe/invoices", query={"customer": customer})
        return next((each["id"] for each in bills if each["status"] != "voided"), None)

    def act(self, action: str, minutes: float = 0) -> str:
        """`minutes` ago; the webhook is not sent, and its body given."""
        at = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()
        path = f"stripe/invoices/{self.id}/{action}"
        return str(self._simulators.ask("POST", path, {"at": at, "send": False})["body"])

    def fails(self, minutes: float = 0) -> Event:
        return event_of(Delivery("stripe", "default", self.act("fail_payment", minutes).encode()))
