"""The demo's act of the other templates: one customer comes back, upgrades, downgrades and cannot pay, until
all is well again."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from rich.console import Console

from local.demo.books import Books
from local.demo.claims import Claim, claim
from local.demo.scenes import ACCOUNT, END_SECONDS, Handle, Stage, event_id_of, said, until
from models.cases import Joining
from models.event import EventSource
from models.events import FailedPayment
from models.runs import RunResult
from models.stripe import StripeEvent, from_stripe
from simulators.kit.control import Control
from simulators.kit.shapes import Case, CustomerRow

WITHIN_SECONDS = 60
AWAY = timedelta(days=40)
"""Longer than any poll looks back: nobody acts on that cancellation."""

FIRST_ATTEMPT = timedelta(days=3)
"""Before the second one, as Stripe has it."""

UPGRADES = (15_000, 5_000)
DOWNGRADE = 2_000
"""Cents of MRR. Bought back, it is less than what the demo's routes make an opportunity of."""

BILLING, AT_RISK = "#billing", "#customers-at-risk"
CUSTOMERS = 200
CASES: tuple[Case, ...] = ("none", "contact_only", "inactive_owner")
"""Not `account`: such customers are cancelled in the rest of the story."""


@dataclass(frozen=True)
class Life:
    """Of the one customer. Each of its events returns what is claimed of it."""

    stage: Stage
    books: Books
    invoice: str
    """Of which no run was ever told."""
    console: Console

    @property
    def customer(self) -> CustomerRow:
        return self.books.customer

    async def comes_back(self) -> list[Claim]:
        body = self.stage.control.reactivate(self.customer.uuid)
        run = (await self.stage.runs_of(body))["onboarding"]
        result = await self._ended("comes back, and is set up everywhere", run)
        books = self.books
        found = {
            "accounts": len(books.accounts),
            "contacts": len(books.contacts),
            "in the product": len(books.in_product),
            "in Marketo's list": len(books.listed),
        }
        return [
            claim(
                "who comes back is set up once in CRM, product and Marketo", found, dict.fromkeys(found, 1)
            ),
            claim("... and the channel hears of it once", len(books.said_of(event_id_of(body))), 1),
            claim("... and nothing went wrong", result.problems, []),
        ]

    async def upgrades(self) -> list[Claim]:
        """Twice, the second time by too little for more access."""
        control = self.stage.control
        await _in_another_second()
        first = await self.stage.runs_of(control.expand(self.customer.uuid, UPGRADES[0]))
        await self._ended("upgrades, which is an opportunity", first["expansion"])
        await self._ended("upgrades, which is more access in your own product, by its API", first["call_api"])
        await _in_another_second()
        second = await self.stage.runs_of(control.expand(self.customer.uuid, UPGRADES[1]))
        await self._ended("upgrades again, which goes into the same opportunity", second["expansion"])
        return [
            claim(
                "two upgrades are one opportunity of their exact sum", self.books.amounts, [_arr(*UPGRADES)]
            ),
            claim("... and Gong has both on the account's timeline", self.books.logged, 2),
            claim("an upgrade grants access in your own product, once", self.books.tools, ["wiki"]),
        ]

    async def is_at_risk(self) -> list[Claim]:
        """A downgrade and a failed payment, until both are over."""
        control = self.stage.control
        await _in_another_second()
        body = control.contract(self.customer.uuid, DOWNGRADE)
        await self._ended("downgrades, which is a risk", (await self.stage.runs_of(body))["churn_risk"])
        payment = self._fails(FIRST_ATTEMPT)
        run = self.stage.run_of(f"failed_payment/{payment}")
        person = await self._told_of_the_payment(run)
        self._fails()
        second = self.stage.run_of(f"churn_risk/{payment}")
        await self._ended("so has the second attempt, which is one more reason in the same case", second)
        await until(lambda: self.books.said_in(BILLING)[1] or None)  # what is paid needs no reply any more
        tasks = self.books.tasks(event_id_of(body), payment)
        alerts, _ = self.books.said_in(AT_RISK)
        found = (len(alerts), len(tasks), self.books.tags(person).count("at-risk"))
        control.ask("POST", f"stripe/invoices/{self.invoice}/pay")
        await _in_another_second()
        control.expand(self.customer.uuid, DOWNGRADE)
        await self._is_over(run)
        return [
            *self._claims_of_the_payment(person),
            claim("two reasons are one case: one thread, one task, one tag", found, (1, 1, 1)),
            *self._claims_of_the_end(person, event_id_of(body), payment),
        ]

    def _fails(self, ago: timedelta = timedelta(0)) -> str:
        """Stripe tells of it by its signed webhook. The key of the invoice's runs."""
        wish = {"at": (datetime.now(UTC) - ago).isoformat()}
        sent = self.stage.control.ask("POST", f"stripe/invoices/{self.invoice}/fail_payment", wish)
        if sent["status"] not in (HTTPStatus.ACCEPTED, HTTPStatus.OK):
            raise RuntimeError(f"Stripe's webhook was answered with {sent['status']}")
        return from_stripe(StripeEvent.model_validate_json(sent["body"]), ACCOUNT).run_key

    async def _told_of_the_payment(self, run: Handle) -> str:
        """The person's id in Intercom."""
        title = f"{self.customer.company}: a payment has failed, and Stripe tells of it"
        effects, table = await self.stage.table(title, run, 3)
        self.console.print(table)
        return next(str(each.object_id) for each in effects if each.object_type == "contact")

    async def _is_over(self, payment: Handle) -> None:
        """The invoice's run and the case have ended."""
        case = self.stage.run_of(case_of(self.customer.uuid))
        async with asyncio.timeout(END_SECONDS):
            for run in (payment, case):
                await run.result()
        threads = [self.books.said_in(channel) for channel in (BILLING, AT_RISK)]
        self.console.print(said(f"{self.customer.company} has paid, and pays as much as before", threads))

    def _claims_of_the_payment(self, person: str) -> list[Claim]:
        alerts, replies = self.books.said_in(BILLING)
        told = len(self.books.in_app(person))
        words = [each.partition(" ")[0] for each in replies]
        return [
            claim("a failed payment is told in the product once, whatever follows", told, 1),
            claim("... and in the channel once", len(alerts), 1),
            claim("... where attempt and recovery are in the thread", words, ["Attempt", "Recovered:"]),
        ]

    def _claims_of_the_end(self, person: str, *events: str) -> list[Claim]:
        _, replies = self.books.said_in(AT_RISK)
        words = [each.partition(":")[0] for each in replies]
        status = [task["Status"] for task in self.books.tasks(*events)]
        return [
            claim("... the task is done when the risk is over", status, ["Completed"]),
            claim("... and the tags are off", self.books.tags(person), []),
            claim("... and the thread says so", words, ["Another reason", "No longer at risk"]),
        ]

    async def _ended(self, title: str, run: Handle) -> RunResult:
        async with asyncio.timeout(END_SECONDS):
            result: RunResult = await run.result()
        _, table = await self.stage.table(f"{self.customer.company}: {title}", run, len(result.effects))
        self.console.print(table)
        return result


async def other_templates(stage: Stage, console: Console) -> list[Claim]:
    """Play the act and return what it claims, each claim checked."""
    began = time.monotonic()
    customer, invoice = await _someone(stage)
    life = Life(stage, Books(stage.control, customer), invoice, console)
    stage.control.cancel(customer.uuid, at=datetime.now(UTC) - AWAY, send=False)
    claims = [
        *await life.comes_back(),
        *await life.upgrades(),
        *await life.is_at_risk(),
    ]
    took = time.monotonic() - began
    within = f"one event of each other template within {WITHIN_SECONDS} s"
    return [*claims, Claim(within, took < WITHIN_SECONDS, f"{took:.1f} s")]


async def _someone(stage: Stage) -> tuple[CustomerRow, str]:
    """Whom Intercom knows and Salesforce, at best, does not, and an invoice of theirs. Temporal remembers
    earlier demos: of an invoice there is one run, and a customer's case may still be open."""
    for customer in _candidates(stage.control):
        if await stage.is_open(case_of(customer.uuid)):
            continue
        for bill in stage.control.ask("GET", "stripe/invoices", query={"customer": customer.external_id}):
            if bill["status"] == "paid" and not await _is_known(stage, bill["id"]):
                return customer, bill["id"]
    raise RuntimeError("Temporal knows every invoice from earlier demos: rm -r .mogulflow forgets them")


def _candidates(control: Control) -> Iterator[CustomerRow]:
    in_intercom = control.ask("GET", "intercom/customers", query={"case": "user", "limit": CUSTOMERS})
    known = {each["uuid"] for each in in_intercom}
    for case in CASES:
        rows = control.customers(limit=CUSTOMERS, case=case)
        yield from (each for each in rows if each.status == "Active" and each.uuid in known)


async def _is_known(stage: Stage, invoice: str) -> bool:
    payment = FailedPayment(
        account=ACCOUNT, invoice=invoice, occurred_at=datetime.now(UTC), source=EventSource.BILLING
    )
    return await stage.is_known(f"failed_payment/{payment.run_key}")


async def _in_another_second() -> None:
    """ChartMogul's movements have whole seconds: of two of a subscription in the same one its webhooks tell
    one event, and the poll finds the other."""
    await asyncio.sleep(1)


def _arr(*cents: int) -> float:
    return sum(cents) / 100 * 12


def case_of(customer_uuid: str) -> str:
    joining = Joining(
        workflow="risk_case",
        account=ACCOUNT,
        customer_uuid=customer_uuid,
        template="churn_risk",
        headline="",
        summary="",
        told={},
    )
    return joining.case_id
