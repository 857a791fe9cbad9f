"""The demo's month end: ChartMogul is compared with three billing systems, each difference is explained by a
record or named, one is corrected once another person has agreed, and the signed pack is verified."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client
from temporalio.service import RPCError

from local.agent import APPROVER
from local.demo.claims import Claim, claim
from local.demo.enriching import typed
from local.demo.scenes import ACCOUNT
from local.simulated import TIME_ZONE
from local.stack import Stack
from models.minor_units import minor_text
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Finding, Judgement
from models.templates.reconciliation import workflow_id
from models.zones import day_in, zone_of
from operations.changes import decide, state_of, waiting
from operations.reconciliation.corrections import TOOL
from operations.reconciliation.month import month_before
from operations.reconciliation.packs import verify
from simulators.billing.truth.month import month
from simulators.kit.control import Control

SEEDED = {
    "discount-rule": Cause.DISCOUNT_RULE,
    "tax-included": Cause.TAX_INCLUDED,
    "cancel-timing": Cause.CANCEL_TIMING,
    "unpaid-counted": Cause.UNPAID_COUNTED,
    "duplicate-source": Cause.DUPLICATE_SOURCE,
    "unbilled-change": Cause.UNBILLED_CHANGE,
    "user-edit": Cause.USER_EDIT,
    "import-error": Cause.IMPORT_ERROR,
}
"""Subscriptions of the simulators that differ, and why."""

CORRECTED = "tax-included"
ODD, ODD_CENTS = "unexplained", 711
"""One that differs for no reason that a record shows. The tax is corrected."""

AGREEING = "agree-"


async def month_end(stack: Stack, client: Client, control: Control, console: Console) -> list[Claim]:
    console.print("\nMonth end: ChartMogul is compared with Stripe, Chargebee and Recurly")
    today, folder = day_in(TIME_ZONE, datetime.now(UTC)), _folder(stack)
    period, end = month_before(today), datetime(today.year, today.month, 1, tzinfo=zone_of(TIME_ZONE))
    control.put_books(*filter(_is_shown, month(end.astimezone(UTC))))
    if not Path(stack.environment["RECONCILIATION__KEY_FILE"]).exists():
        await typed(stack, console, "reconcile", "key")
    await _forget_an_earlier_demo(client, period)
    await typed(stack, console, "reconcile", "run", "--period", period)
    judgement = _judgement(folder, period)
    console.print(_table(judgement))
    corrected = await _corrected(stack, client, judgement, console)
    await typed(stack, console, "reconcile", "verify", str(folder / "packs"))
    return [*_claims(judgement, folder), *corrected]


async def _forget_an_earlier_demo(client: Client, period: str) -> None:
    """Its month is open still, and the simulators know nothing of what was corrected in it."""
    with suppress(RPCError):
        await client.get_workflow_handle(workflow_id(ACCOUNT, period, "final")).terminate("another demo")


async def _corrected(stack: Stack, client: Client, judgement: Judgement, console: Console) -> list[Claim]:
    finding = next(each for each in _of_mrr(judgement) if each.subject == CORRECTED)
    period, words = judgement.cut.period, ("--reason", "the price has the tax in it", "--again")
    await typed(stack, console, "reconcile", "propose", "--period", period)
    await typed(stack, console, "reconcile", "propose", finding.id[:6], "--period", period, *words)
    [asked] = [each for each in await waiting(client) if each.tool == TOOL]
    await decide(client, asked.run_id, APPROVER, "command", approve=True, reason="", plan=asked.plan)
    await client.get_workflow_handle(asked.run_id).result()
    ended = await state_of(client, asked.run_id)
    console.print(f"\n{APPROVER} agrees: {escape(ended.message)} {escape(ended.effects[0].label)}.")
    return [
        claim("a correction waits for another person", asked.status.value, "needs_approval"),
        claim("... is written, and leaves what was predicted", ended.status.value, "done"),
    ]


def _is_shown(wish: dict[str, object]) -> bool:
    id = str(wish["id"])
    return id in SEEDED or id == ODD or id.startswith(AGREEING)


def _folder(stack: Stack) -> Path:
    return Path(stack.environment["RECONCILIATION__FOLDER"])


def _judgement(folder: Path, period: str) -> Judgement:
    file = folder / "snapshots" / ACCOUNT / period / "final" / "judgement.json"
    return Judgement.model_validate_json(file.read_bytes())


def _of_mrr(judgement: Judgement) -> list[Finding]:
    return [each for each in judgement.findings if each.comparison == "mrr" and each.difference]


def _table(judgement: Judgement) -> Table:
    table = Table(
        "customer", "billing", "MRR here − there", "why", title="What differs", title_justify="left"
    )
    for each in _of_mrr(judgement):
        why = [escape(cause.why) for cause in each.causes] or ["no record shows why"]
        difference = minor_text(each.difference, each.currency)
        table.add_row(escape(each.customer_name), each.right.system, difference, "\n".join(why))
    return table


def _claims(judgement: Judgement, folder: Path) -> list[Claim]:
    findings = _of_mrr(judgement)
    found = {(finding.subject, each.cause) for finding in findings for each in finding.causes}
    odd = [each.unexplained for each in findings if each.is_open]
    packs = verify(folder / "packs")
    return [
        claim("month end explains eight differences by their records", found, set(SEEDED.items())),
        claim("... and names the one that no record explains", odd, [ODD_CENTS]),
        claim(
            "... each total is the sum of its causes",
            [each for each in judgement.tie_outs if not each.closes],
            [],
        ),
        Claim("... and its pack is as it was signed", packs.is_whole, "changed, or none"),
    ]
