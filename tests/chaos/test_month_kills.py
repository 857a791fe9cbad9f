"""A month end whose worker is killed at each of its steps: one run, one report, one message, one sign-off,
and packs that are whole and say the same as those of a month that nothing disturbed."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

import temporal
from domains.reconciliation.cut import month_cut
from domains.reconciliation.pack.keys import make_key, public_file
from domains.reconciliation.pack.run import RUN, RunFile
from domains.reconciliation.verify import verify
from local.stack import Stack
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.templates.reconciliation import ReconciliationInput, ReconciliationState, Sign, workflow_id
from operations.reconciliation.month import month_before
from simulators.billing.truth.month import SYSTEMS
from simulators.billing.truth.month import month as books_of
from simulators.chartmogul.books import SOURCES
from simulators.kit.control import Control
from tests.chaos import FULL
from tests.chaos.conftest import Figures
from tests.waiting import until

ZONE = "Europe/Berlin"
CHANNEL = "#revenue-saves"
HELD_SECONDS = 8.0
PERIOD = month_before(datetime.now(UTC).date())
CUT = month_cut(PERIOD, ZONE)
PREPARER, REVIEWER = "ana@mogulflow.example", "ben@mogulflow.example"
SAID = ("differences.csv", "causes.csv", "documents.csv", "proposals.csv", "rules.yaml")
"""Of a pack: what does not name the instants at which it was read."""

RULES = ReconciliationRules.model_validate(
    {
        "sources": [BillingSource(system=each, data_source=SOURCES[each].uuid) for each in SYSTEMS],
        "accounting": {"system": "quickbooks"},
    }
)
READ = {
    "stripe": "/v1/subscriptions$",
    "chargebee": "/v2/subscriptions$",
    "recurly": "/v3/subscriptions$",
    "quickbooks": "/query$",
    "chartmogul": "/activities$",
}
"""A call of each reading, in the midst of it."""

Waited = Callable[["Ended"], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Ended:
    """One month from its begin to its sign-off."""

    stack: Stack
    control: Control
    client: Client
    period: str

    @property
    def folder(self) -> Path:
        return Path(self.stack.environment["RECONCILIATION__FOLDER"])

    @property
    def packs(self) -> Path:
        return self.folder / "packs" / self.period / "default"

    @property
    def run(self) -> WorkflowHandle[Any, Any]:
        id = workflow_id("default", self.period, "final")
        return self.client.get_workflow_handle(id, result_type=ReconciliationState)


@dataclass(frozen=True)
class Kill:
    """`at` returns once the month is there. Those that come when it is signed are told so."""

    name: str
    at: Waited
    signing: bool = False


def held_at(*calls: tuple[str, str]) -> Waited:
    """The vendors have answered, and nobody has heard it."""

    async def at(month: Ended) -> None:
        control = month.control
        ids = [
            control.fault(system, "slow", path=path, delay_seconds=HELD_SECONDS).id for system, path in calls
        ]
        await until(lambda: all(each.hits for each in control.faults() if each.id in ids))

    return at


def under_way(activity: str) -> Waited:
    async def at(month: Ended) -> None:
        async def is_pending() -> bool:
            with suppress(RPCError):  # it has not begun
                pending = (await month.run.describe()).raw_description.pending_activities
                return any(each.activity_type.name == activity for each in pending)
            return False

        await until(is_pending)

    return at


def begun_in(folder: Callable[[Ended], Path]) -> Waited:
    """Files are being written there."""

    async def at(month: Ended) -> None:
        while not list(folder(month).glob(".begun-*")):  # for some tens of milliseconds
            await asyncio.sleep(0.002)

    return at


PACK = Kill("the pack is being written", begun_in(lambda month: month.packs))
ALL_READ = Kill("all systems are being read", held_at(*READ.items()))
TOLD = Kill("Slack has the message", held_at(("slack", r"/chat\.postMessage$")))
SIGNED = Kill("the signed pack is being written", begun_in(lambda month: month.packs), signing=True)
EACH_READ = [Kill(f"{system} is being read", held_at((system, path))) for system, path in READ.items()]
JUDGED = Kill("it is being judged", under_way("reconciliation.judge"))

MONTHS = [[ALL_READ, PACK, TOLD, SIGNED]]
if FULL:
    MONTHS += [[each] for each in (*EACH_READ, JUDGED, PACK, TOLD, SIGNED)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", MONTHS, ids=lambda kills: ", ".join(each.name for each in kills))
async def test_a_kill_at_each_step_of_a_month_leaves_one_of_everything(
    kills: list[Kill], stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    given = Ended(stack, simulators, client, PERIOD)
    undisturbed = await ended(given, [])
    said = contents(given)
    assert undisturbed.phase == "signed"
    state = await ended(given, kills)
    messages = simulators.messages(CHANNEL)
    checked = verify(given.folder / "packs", str(public_file(key_of(stack))))
    figures |= {"kills": len(kills), "packs": len(checked.packs), "messages": len(messages)}
    assert (state.phase, state.problems, state.stopped) == ("signed", [], [])
    assert checked.is_whole
    assert [each.name for each in sorted(given.packs.iterdir())] == ["run-1", "run-2"]
    assert [each.sign_off is not None for each in run_files(given)] == [False, True]
    assert len(messages) == 1
    assert contents(given) == said


async def ended(month: Ended, kills: list[Kill]) -> ReconciliationState:
    """From its begin to its sign-off, in a folder that has nothing of before. In between its worker is killed
    at each of these."""
    month.control.reset()
    month.control.put_books(*books_of(CUT.end, agreeing=6))
    before = [each for each in kills if not each.signing]
    first = armed(month, before)
    await asyncio.sleep(0)
    await anew(month)
    await through(month, before, first)
    now = await until(lambda: state_of(month, "open"))
    assert now
    assert now.pack
    wish = Sign(id="1", preparer=PREPARER, reviewer=REVIEWER, comment="asked", pack=now.pack.sha256)
    after = [each for each in kills if each.signing]
    first = armed(month, after)
    signing = asyncio.create_task(month.run.execute_update("sign_off", wish))
    await through(month, after, first)
    await signing
    found: ReconciliationState = await month.run.result()
    return found


Armed = asyncio.Task[None] | None


def armed(month: Ended, kills: Sequence[Kill]) -> Armed:
    """Waited for from now on, whatever begins after that."""
    return asyncio.create_task(kills[0].at(month)) if kills else None


async def through(month: Ended, kills: Sequence[Kill], reached: Armed) -> None:
    for number in range(len(kills)):
        assert reached
        await reached
        await month.stack.serve.kill()
        month.control.clear_faults()
        reached = armed(month, kills[number + 1 :])
        await asyncio.sleep(0)  # its faults are there before anybody calls
        await month.stack.serve.start()


async def anew(month: Ended) -> None:
    for folder in (month.folder / "packs", month.folder / "snapshots"):
        shutil.rmtree(folder, ignore_errors=True)
    key = key_of(month.stack)
    if not key.exists():
        make_key(key)
    given = ReconciliationInput(
        account="default",
        period=month.period,
        kind="final",
        time_zone=ZONE,
        rules=RULES,
        ops_channel=CHANNEL,
    )
    await month.client.start_workflow("reconciliation", given, id=month.run.id, task_queue=temporal.WORKFLOWS)


async def state_of(month: Ended, phase: str) -> ReconciliationState | None:
    with suppress(RPCError):
        now: ReconciliationState = await month.run.query("state", result_type=ReconciliationState)
        return now if now.phase == phase else None
    return None


def key_of(stack: Stack) -> Path:
    return Path(stack.environment["RECONCILIATION__KEY_FILE"])


def run_files(month: Ended) -> list[RunFile]:
    return [RunFile.model_validate_json((each / RUN).read_bytes()) for each in sorted(month.packs.iterdir())]


def contents(month: Ended) -> dict[str, str]:
    files = [each / name for each in sorted(month.packs.iterdir()) for name in SAID]
    return {
        f"{each.parent.name}/{each.name}": hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files
        if each.exists()
    }
