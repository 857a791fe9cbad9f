"""What a template does long after it began: how a run comes to its wait, what ends that, and the calls that
it makes then: where it is killed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from temporalio.client import Client

from dispatch.deliveries import Delivery, event_of
from dispatch.dispatcher import Dispatcher
from models.event import Event
from models.routes import Routes
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.chaos.template_scenes import CUSTOMERS, Call, invoices_of, marks_of, payers, tagged_by_zendesk
from tests.waiting import until
from tests.workflows.conftest import SECOND, until_effects
from tests.workflows.template_runs import Run, begin, case_of, movement, with_product

OFTEN = timedelta(seconds=2) / timedelta(hours=1)
TASK = {"fallback_owner": "revops@mogulflow.example"}
DEAL = TASK | {"stage": "Prospecting"}
REMINDED = "Hello {customer}, do not forget to pay {amount}: {link}"


@dataclass
class Kit:
    """Customers are taken from the end: those of the first phases from the beginning."""

    client: Client
    control: Control

    def __post_init__(self) -> None:
        self._payers = iter(payers(self.control, 0)[::-1])
        self._at_risk = tagged_by_zendesk(self.control, payers(self.control, 1)[::-1])
        self._unpaid = invoices_of(self.control, payers(self.control, 2)[::-1])
        unknown = self.control.customers(limit=CUSTOMERS, case="none")
        self._new = iter([each for each in unknown if each.mrr and each.email][::-1])

    def payer(self) -> CustomerRow:
        return next(self._payers)

    def at_risk(self) -> CustomerRow:
        return next(self._at_risk)

    def unpaid(self) -> tuple[CustomerRow, str]:
        return next(self._unpaid)

    def new(self) -> CustomerRow:
        return next(self._new)


@dataclass
class Subject:
    """One customer's, who has no other. `runs` are those of its events, `case` the one that gathers them and
    ends."""

    customer: CustomerRow
    marks: list[str]
    runs: list[Run]
    case: Run | None = None
    invoice: str = ""
    event: Event | None = None


@dataclass(frozen=True)
class Later:
    """`ready` brings a run to its wait; `act` is what it waits for; `finish` ends what waits on. `effects`
    are those of all its runs. `calls` that matter come first, `short` of them."""

    name: str
    calls: list[Call]
    short: int
    effects: int
    ready: Callable[[Kit], Awaitable[Subject]]
    act: Callable[[Kit, Subject], Awaitable[None]]
    finish: Callable[[Kit, Subject], Awaitable[None]]


async def _nothing(kit: Kit, subject: Subject) -> None:
    """It ends by itself."""


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


async def _attempt(kit: Kit, invoice: str, minutes: float, *, paid: bool = False, **message: Any) -> Run:
    """A failed one, of which we hear once the invoice is `paid`."""
    at = {"at": _ago(60 * minutes), "send": False}
    body = kit.control.ask("POST", f"stripe/invoices/{invoice}/fail_payment", at)["body"]
    if paid:
        kit.control.ask("POST", f"stripe/invoices/{invoice}/pay", {"send": False})
    tag = {"system": "intercom", "tag": "unpaid"}
    event = event_of(Delivery("stripe", "default", body.encode()))
    return await begin(kit.client, "failed_payment", event, message=message, tag=tag, check_every_hours=12)


async def _told(kit: Kit, **message: Any) -> Subject:
    customer, invoice = kit.unpaid()
    run = await _attempt(kit, invoice, 180, **message)
    await until_effects(run, 3)
    key = run.id.partition("/")[2]
    marks = [customer.uuid, customer.external_id, customer.email, invoice, key]
    return Subject(customer, marks, [run], invoice=invoice)


async def _another(kit: Kit, subject: Subject) -> None:
    await _attempt(kit, subject.invoice, 60)


async def _paid(kit: Kit, subject: Subject) -> None:
    await _attempt(kit, subject.invoice, 0, paid=True)


async def _paid_after_the_reminder(kit: Kit, subject: Subject) -> None:
    key = f"{subject.marks[-1]}:failed_payment"
    reminder = kit.client.get_workflow_handle(f"once/{key}:reminder")
    listed = partial(kit.client.count_workflows, f"WorkflowId = '{reminder.id}'")

    async def is_there() -> bool:
        return (await listed()).count > 0

    await until(is_there)
    await reminder.result()
    await _paid(kit, subject)


async def _contracted(kit: Kit, customer: CustomerRow, cents: int, seconds: float) -> Run:
    options: dict[str, Any] = {
        "settling_seconds": 0.2,
        "check_every_hours": OFTEN,
        "task": TASK,
        "tag": {"system": "zendesk", "tag": "at_risk"},
    }
    event = movement(kit.control.contract(customer.uuid, cents, send=False, at=_ago(seconds)))
    return await begin(kit.client, "churn_risk", event, **options)


async def _at_risk(kit: Kit) -> Subject:
    customer = kit.at_risk()
    run = await _contracted(kit, customer, 500, 60)
    await run.result()
    case = case_of(kit.client, "risk_case", customer.uuid)
    key = run.id.partition("/")[2]
    return Subject(customer, [customer.uuid, customer.external_id, customer.email, key], [run], case)


async def _second_reason(kit: Kit, subject: Subject) -> None:
    subject.runs.append(await _contracted(kit, subject.customer, 300, 20))


async def _no_risk(kit: Kit, subject: Subject) -> None:
    await subject.runs[-1].result()
    kit.control.expand(subject.customer.uuid, 1000, send=False)


async def _expanded(kit: Kit, customer: CustomerRow, cents: int, seconds: float) -> Run:
    options: dict[str, Any] = {
        "settling_seconds": 0.2,
        "merge_within_days": 1,
        "opportunity": DEAL,
        "log_in": "nowhere",
    }
    event = movement(kit.control.expand(customer.uuid, cents, send=False, at=_ago(seconds)))
    return await begin(kit.client, "expansion", event, **options)


async def _window(kit: Kit) -> Subject:
    customer = kit.payer()
    run = await _expanded(kit, customer, 5000, 60)
    await run.result()
    key = run.id.partition("/")[2]
    return Subject(customer, [customer.uuid, customer.external_id, customer.email, key], [run])


async def _two_more(kit: Kit, subject: Subject) -> None:
    """At once."""
    more = ((3000, 40), (2000, 20))
    subject.runs += await asyncio.gather(*(_expanded(kit, subject.customer, *each) for each in more))


async def _new(kit: Kit) -> Subject:
    customer = kit.new()
    kit.control.cancel(customer.uuid, at=datetime.now(UTC) - timedelta(minutes=2), send=False)
    event = movement(kit.control.reactivate(customer.uuid, cents=4900, send=False))
    return Subject(customer, marks_of(event, customer), [], event=event)


async def _begin_with_a_look(kit: Kit, subject: Subject) -> None:
    assert subject.event is not None
    look = {"after_days": SECOND, "operation": "my_product.find_account"}
    options: dict[str, Any] = {"settling_seconds": 0.2, "crm": None, "check_in": look}
    installation = with_product(kit.control.url)
    run = await begin(kit.client, "onboarding", subject.event, installation=installation, **options)
    subject.runs.append(run)


async def _left(kit: Kit) -> Subject:
    customer = kit.payer()
    event = movement(kit.control.cancel(customer.uuid, send=False))
    options: dict[str, Any] = {"settling_seconds": 0.2, "check_back_days": [7], "task": TASK}
    run = await begin(kit.client, "churn_save", event, **options)
    await until_effects(run, 2)
    return Subject(customer, marks_of(event, customer), [run])


async def _came_back(kit: Kit, subject: Subject) -> None:
    back: Event = movement(kit.control.reactivate(subject.customer.uuid, send=False))
    dispatcher = Dispatcher(kit.client, Routes(routes=[]), "http://127.0.0.1:8233")
    await dispatcher.tell_of_return(back)


def _post(name: str) -> Call:
    return Call("slack", r"/chat\.postMessage$", f":{name}")


READ = Call("chartmogul", r"/customers/[^/]+$")
UNPAID = [Call("stripe", r"/invoices/"), Call("chartmogul", r"/customers$")]
CHANGED_TASK = Call("salesforce", r"/sobjects/Task/", method="PATCH", theirs=False)
FOUND_TASK = Call("salesforce", r"/query", "FROM Task", theirs=False)

LATER = [
    Later(
        "failed payment, a further attempt and the reminder",
        [
            _post("attempt_2"),
            Call("intercom", r"/messages$", "do not forget", theirs=False),
            Call("intercom", r"/find_by_external_id/"),
            *UNPAID,
        ],
        2,
        7,
        partial(_told, text=REMINDED, remind_after_days=SECOND / 1000),
        _another,
        _paid_after_the_reminder,
    ),
    Later(
        "failed payment, paid",
        [
            _post("verdict"),
            Call("intercom", r"/contacts/\w+/tags/\w+$", method="DELETE", theirs=False),
            Call("intercom", r"/contacts/\w+/tags$", method="GET", theirs=False),
            *UNPAID,
        ],
        2,
        5,
        partial(_told, text="Hello {customer}, please pay {amount}: {link}"),
        _paid,
        _nothing,
    ),
    Later(
        "churn risk, a second reason",
        [_post("reason_"), CHANGED_TASK, FOUND_TASK, READ],
        2,
        8,
        _at_risk,
        _second_reason,
        _no_risk,
    ),
    Later(
        "churn risk, over",
        [
            _post("over"),
            Call("zendesk", r"/users/\d+/tags$", method="DELETE", theirs=False),
            CHANGED_TASK,
            FOUND_TASK,
            Call("zendesk", r"/users/search$"),
            Call("zendesk", r"/users/\d+/tags$", method="GET", theirs=False),
            READ,
        ],
        2,
        6,
        _at_risk,
        _no_risk,
        _nothing,
    ),
    Later(
        "expansion, two more at once",
        [
            Call("salesforce", r"/sobjects/Opportunity/", method="PATCH", theirs=False),
            _post("alert"),
            Call("salesforce", r"/query", "FROM Opportunity", theirs=False),
            READ,
        ],
        1,
        6,
        _window,
        _two_more,
        _nothing,
    ),
    Later(
        "onboarding, the look later",
        [_post("check_in"), Call("connector", r"/accounts$", method="GET")],
        1,
        2,
        _new,
        _begin_with_a_look,
        _nothing,
    ),
    Later(
        "churn save, back",
        [_post("verdict"), CHANGED_TASK, FOUND_TASK, READ],
        1,
        4,
        _left,
        _came_back,
        _nothing,
    ),
]
