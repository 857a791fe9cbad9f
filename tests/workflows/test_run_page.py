"""The page of a run in the Web UI explains it: in one order, with what was changed, and what comes next."""

from typing import Any

from temporalio.client import WorkflowHandle

from models.runs import RunResult
from simulators.kit.control import Control
from temporal import run_link
from tests.waiting import until
from tests.workflows.conftest import SECOND, Start, cancelled, details, until_effects
from workflows.engine.run_log import MOST_SHOWN, cut

Run = WorkflowHandle[Any, RunResult]


async def until_shown(run: Run, text: str) -> str:
    async def shown() -> str:
        said = await details(run)
        return said if text in said else ""

    return await until(shown)


async def test_it_says_what_happened_to_whom_why_and_what_comes_next(
    simulators: Control, start: Start
) -> None:
    run = await start(cancelled(simulators), check_back_days=[7])
    said = await until_shown(run, "Next: check back 7 days after the cancellation, on ")
    customer = simulators.customers(case="account")[0]
    parts = (
        f"### Churn: {customer.company}, −$",
        "- **What happened**: Churn −$",
        f"- **Customer**: {customer.company} ({customer.uuid})",
        "- **Route**: test: the first that takes churn, of all accounts",
        "- **Owner**: ",
        "- **Reason**: ",
        "| salesforce",
        "| slack",
        "- OwnerId: `005",
        "- channel: `#revenue-saves`",
        "Next: check back 7 days",
    )
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)
    owner = said.partition("- **Owner**: ")[2].split(":")[0].splitlines()[0]
    assert f"({owner})`" in said
    await run.terminate()


async def test_a_change_is_shown_with_both_sides(simulators: Control, start: Start) -> None:
    run = await start(cancelled(simulators), check_back_days=[SECOND])
    await run.result()
    said = await details(run)
    assert "salesforce Task** updated" in said
    line = next(each for each in said.splitlines() if each.startswith("- Description: ") and "→" in each)
    assert line.count("`") == 4
    assert "Next: " not in said


def test_the_page_is_measured_in_bytes() -> None:
    assert len(cut("解約" * MOST_SHOWN).encode()) < MOST_SHOWN + 100
    assert cut("x" * MOST_SHOWN) == "x" * MOST_SHOWN


async def test_long_texts_do_not_outgrow_the_page(simulators: Control, start: Start) -> None:
    fields = {f"Custom_{number}__c": "`x` [link](http://evil.example) " * 200 for number in range(200)}
    task = {"fallback_owner": "revops@mogulflow.example", "fields": fields}
    run = await start(cancelled(simulators), task=task)
    result = await run.result()
    said = await details(run)
    assert len(said) <= MOST_SHOWN + 100
    assert result.problems or "more fields, in the run's result" in said


async def test_while_it_waits_it_says_for_what_and_until_when(simulators: Control, start: Start) -> None:
    fault = simulators.fault("slack", "status", path="chat.postMessage", status=503, times=None)
    run = await start(cancelled(simulators))
    said = await until_shown(run, "Waiting for slack: ")
    waits = said.partition("Waiting for slack: ")[2]
    assert "HTTP 503" in waits
    assert "it is tried again by itself until " in waits
    simulators.remove_fault(fault.id)
    await run.result()


async def test_the_names_of_people_are_in_the_result(simulators: Control, start: Start) -> None:
    run = await start(cancelled(simulators))
    await until_effects(run, 2)
    result = await run.result()
    [task] = simulators.records("Task")
    assert result.names[task["OwnerId"]] in result.facts["Owner"]


def test_links_open_the_page() -> None:
    link = run_link("http://127.0.0.1:8233/", "default", "churn_save/1", "r")
    assert link == "http://127.0.0.1:8233/namespaces/default/workflows/churn_save%2F1/r/user-metadata"
