"""All templates on one stack. `mogulflow serve` is killed right after each external call of each of them; and
a day of all kinds of events, on which systems refuse calls, drop lines and are away. Each write is once in
effect, and where nobody knows whether it was made, that is told."""

import asyncio
import functools
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle

from activities.runs.steps import find_trouble
from local.stack import ANY_PORTS, EXAMPLE_CONFIG, Stack
from models.attention import AttentionQuery
from models.effects import Effect
from models.movements import Found
from models.runs import Outcome, RunResult
from simulators.connector.api import TOKEN
from simulators.kit.control import NO_CERTIFICATES, Control
from tests.chaos import FULL
from tests.chaos.books import names_of, written
from tests.chaos.conftest import Figures
from tests.chaos.day import (
    AWAY,
    ONCE,
    Told,
    Weather,
    all_ended,
    contracted_twice,
    customers,
    expanded_twice,
    live,
    lost_runs,
    made,
    paying,
    prepare_deals,
    sampled,
    several,
    unknown,
    waiting,
)
from tests.chaos.later_scenes import LATER, Kit, Later, Subject
from tests.chaos.proofs import message_keys, results_of, sources
from tests.chaos.sizes import SIZES
from tests.chaos.sweeps import coverage, poll
from tests.chaos.template_scenes import (
    CUSTOMERS,
    OWNER,
    READ_BACK,
    ROUTES,
    SCENES,
    STRIPE_LISTS_AFTER,
    Call,
    Happening,
    Scene,
    cancelled,
)
from tests.imported import ImportedStack
from tests.waiting import until
from workflows.engine.once import UNKNOWN
from workflows.engine.steps import LOCAL_LIMIT

SECRET = "a-secret-of-stripe"
AT_ONCE = 12
"""Runs that are under way when it is killed, each held at another call."""

HELD_FOR = 0.75 * LOCAL_LIMIT.total_seconds()
"""After the first is held: later a step that was tried locally is given up, and no longer at its call."""

UNTIL_ANY = 30.0
"""Seconds within which one of them is held, if any is: on a slow machine all may be seen too late, and are
told of again."""

SHOWN = {"expansion": READ_BACK, "churn risk": [*READ_BACK, *OWNER]}
"""What onboarding shows for these too: the blocks that they share, `confirmed` and `in_charge`, make these
calls before a run has written anything."""

MOST_ROUNDS = 50
OF_EACH = 20 if FULL else 4
"""Of each scene, of whose webhooks a third is lost."""

UNTIL_POLLED = timedelta(minutes=1)
"""More than a poll takes to begin, from which on it looks back."""

STEPS = {
    r"/access$": "connector.write",
    r"/messages$": "intercom.send_message",
    r"/campaigns/\d+/trigger\.json$": "marketo.request_campaign",
}
"""Those that are made at most once."""

EXPECTED = {
    "onboarding": 8, "onboarding with a campaign": 3, "failed payment": 5, "expansion": 3, "churn risk": 3,
}  # fmt: skip
"""Effects of a run that nothing disturbs."""


T = TypeVar("T")
S = TypeVar("S", tuple[Scene, Call], tuple[Later, Call])


@dataclass
class Fired:
    """What was done to the runs of a scene."""

    scene: Scene
    more: Iterator[Happening]
    happenings: list[Happening] = field(default_factory=list)
    held_at: list[Call] = field(default_factory=list)
    kills: int = 0


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state = tmp_path_factory.mktemp("templates")
    (state / "routes.yaml").write_text(ROUTES)
    (state / "connectors").mkdir()
    (state / "crm.yaml").write_text(creating((EXAMPLE_CONFIG / "crm.yaml").read_text()))
    environment = {
        "ROUTES_FILE": str(state / "routes.yaml"),
        "CRM_FILE": str(state / "crm.yaml"),
        "CONNECTOR__FOLDER": str(state / "connectors"),
        "MY_PRODUCT_TOKEN": TOKEN,
        "MARKETO__CALLS_PER_20_SECONDS": "2000",
        "MARKETO__SETTLE_SECONDS": "0.2",
        "GONG__REQUESTS_PER_SECOND": "50",
        "ZENDESK__REQUESTS_PER_MINUTE": "6000",
        "SLACK__SETTLE_SECONDS": "0.2",
        "STRIPE__DEFAULT__WEBHOOK_SECRETS": SECRET,
    }

    def furnish(stack: Stack) -> None:
        product = (EXAMPLE_CONFIG / "connectors" / "my_product.yaml").read_text()
        at = f"{stack.simulators_url}/connector/api"
        (state / "connectors" / "my_product.yaml").write_text(
            product.replace("https://api.example.com/v1", at).replace("calls: 10", "calls: 500")
        )

    async with ImportedStack(state, ANY_PORTS, environment=environment, furnish=furnish) as stack:
        yield stack


def creating(crm: str) -> str:
    """With account and contact made in Salesforce where there is none."""
    head, salesforce = crm.split("salesforce:\n")
    for name, gets in (("Account", "{company: Name}"), ("Contact", "{name: LastName, email: Email}")):
        salesforce = salesforce.replace(f"  {name}:\n", f"  {name}:\n    create_with: {gets}\n")
    return f"{head}salesforce:\n{salesforce}"


@pytest.fixture(scope="module")
def control(stack: Stack) -> Iterator[Control]:
    with Control(stack.simulators_url) as control:
        fresh(control, 2026)
        yield control


def fresh(control: Control, seed: int) -> None:
    control.reset(seed=seed, customers=CUSTOMERS)
    control.ask("POST", "marketo/lists", query={"name": "Onboarding"})
    control.ask("POST", "marketo/campaigns", query={"name": "Welcome"})


@pytest.fixture(scope="module")
async def fired(stack: Stack, control: Control) -> dict[str, Fired]:
    """In full each call, scene by scene: what was killed first ends meanwhile. In short what `in_short` has,
    of all scenes together, so that few kills do."""
    found = {scene.name: Fired(scene, scene.happen(control)) for scene in SCENES}
    if FULL:
        for scene in SCENES:
            own_first = sorted(scene.calls, key=lambda call: call.shared)
            await sweep(stack, control, found, [(scene, call) for call in own_first])
    else:
        await sweep(stack, control, found, in_short())
    await collect(await stack.client(), control, [each for one in found.values() for each in one.happenings])
    return found


def in_short() -> list[tuple[Scene, Call]]:
    """All calls that are a customer's own, but those of `SHOWN`. What is asked once in a process, as a token,
    holds up all others, and so takes a kill of its own. Those that a run comes to at about the same time are
    next to each other."""
    placed = []
    for scene in SCENES:
        shown = SHOWN.get(scene.name, ())
        left = [call for call in scene.calls if not call.shared and call not in shown]
        placed += [(place / len(left), scene, call) for place, call in enumerate(left)]
    return [(scene, call) for _, scene, call in sorted(placed, key=lambda each: each[0])]


async def collect(client: Client, control: Control, happenings: list[Happening]) -> None:
    """What was told to be unpaid is paid, so that its run ends."""
    for each in happenings:
        if each.invoice:
            await until(functools.partial(has_told, client, each))
            control.ask("POST", f"stripe/invoices/{each.invoice}/pay", {"send": False})


async def has_told(client: Client, happening: Happening) -> bool:
    """The run has come to its wait: paid before that, there would be nothing to tell."""
    run = client.get_workflow_handle(happening.run)
    effects = await run.query("effects", result_type=list[Effect])
    return any(each.system == "slack" for each in effects)


async def sweep(
    stack: Stack, control: Control, fired: dict[str, Fired], left: list[tuple[Scene, Call]]
) -> None:
    """Kill until each run has been held at each of these calls."""
    await until_each(left, functools.partial(shoot, stack, control, fired))


async def until_each(left: list[S], held_of: Callable[[list[S]], Awaitable[list[S]]]) -> None:
    """Until a run has been held at each of these. A machine too slow for so many at once gets fewer, as many
    customers as there are would not do otherwise."""
    at_once = AT_ONCE
    for _ in range(MOST_ROUNDS):
        if not left:
            return
        held = await held_of(left[:at_once])
        left = [each for each in left if each not in held]
        at_once = min(AT_ONCE, 2 * len(held) + 1)
    raise AssertionError(f"still not held at {[(scene.name, call.name) for scene, call in left]}")


async def shoot(
    stack: Stack, control: Control, fired: dict[str, Fired], batch: list[tuple[Scene, Call]]
) -> list[tuple[Scene, Call]]:
    """Let it happen to a customer of its own for each call, and kill."""
    told = [next(fired[scene.name].more) for scene, _ in batch]
    marks: dict[str, list[str]] = {}
    for (scene, _), each in zip(batch, told, strict=True):
        fired[scene.name].happenings.append(each)
        marks.setdefault(scene.name, []).extend(map(re.escape, each.marks))
    rules = {rule(control, call, "|".join(marks[scene.name])): (scene, call) for scene, call in batch}
    await asyncio.gather(*(tell(stack, each) for each in told))
    held = await kill_while_held(stack, control, rules)
    for scene, call in held:
        fired[scene.name].held_at.append(call)
    for name in {scene.name for scene, _ in held}:
        fired[name].kills += 1
    return held


async def kill_while_held(stack: Stack, control: Control, rules: dict[int, T]) -> list[T]:
    """What the rules stand for that held a run when it was killed. It is up again."""
    seen = await until_held(control, set(rules))
    await stack.serve.kill()
    killed_at = time.monotonic()
    control.clear_faults()
    await stack.serve.start()
    lasted = LOCAL_LIMIT.total_seconds() - 0.2
    return [rules[id] for id, at in seen.items() if killed_at - at < lasted]


def rule(control: Control, call: Call, marks: str) -> int:
    """Done, and the answer is late: once, and by `marks` for one of these customers."""
    text = f"(?s)(?=.*{call.words})" + (f"(?=.*(?:{marks}))" if call.theirs else "")
    options: dict[str, Any] = {"path": call.path, "method": call.method, "delay_seconds": 8}
    return control.fault(call.system, "slow", text=text, **options).id


async def tell(stack: Stack, happening: Happening) -> None:
    """Again where the ingress asks for that, or does not answer, as each of those who tell does."""
    stripe = f"{stack.ingress_url}/webhooks/stripe/{SECRET}"
    url = stack.webhook_url if happening.path == "chartmogul" else stripe
    headers = {"Content-Type": "application/json"} | happening.headers
    async with httpx.AsyncClient(trust_env=False, timeout=30, verify=NO_CERTIFICATES) as http:
        while True:
            with suppress(httpx.TransportError):
                answer = await http.post(url, content=happening.body, headers=headers)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    answer.raise_for_status()
                    return
            await asyncio.sleep(1)


async def until_held(control: Control, rules: set[int]) -> dict[int, float]:
    """When each was seen to hold a run."""
    seen: dict[int, float] = {}
    deadline = time.monotonic() + UNTIL_ANY
    while set(seen) != rules and time.monotonic() < deadline:
        await asyncio.sleep(0.03)
        now = time.monotonic()
        for each in control.faults():
            if each.hits:
                seen.setdefault(each.id, now)
        if seen and now - min(seen.values()) > HELD_FOR:
            break
    return seen


@pytest.mark.timeout(900 if FULL else 300)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_a_kill_after_each_call_loses_and_doubles_nothing(
    scene: Scene, fired: dict[str, Fired], stack: Stack, control: Control, figures: Figures
) -> None:
    done = fired[scene.name]
    results = await results_of(await stack.client(), [each.run for each in done.happenings])
    problems = [each for result in results.values() for each in result.problems]
    told = [each for each in problems if each.kind == UNKNOWN]
    lost = sum(EXPECTED[scene.name] - len(each.effects) - len(each.problems) for each in results.values())
    books = written(control)
    doubled = {key: count for key, count in books.items() if count > 1}
    lost += sum(name not in books for each in results.values() for name in names_of(each))
    figures |= {
        "calls": len(set(done.held_at)),
        "kills": done.kills,
        "runs": len(results),
        "doubled": len(doubled),
        "lost": lost,
        "told": dict(Counter(each.step for each in told)),
        "outcomes": dict(Counter(each.outcome.value for each in results.values())),
    }
    assert doubled == {}
    assert lost == 0
    assert [each for each in problems if each.kind != UNKNOWN] == []
    assert {each.step for each in told} == {STEPS[each.path] for each in done.held_at if each.path in STEPS}
    assert all(
        (each.outcome is Outcome.PARTIAL) == any(problem.kind == UNKNOWN for problem in each.problems)
        for each in results.values()
    )


@pytest.mark.timeout(300)
async def test_what_webhooks_lost_of_all_kinds_two_polls_find(
    fired: dict[str, Fired], stack: Stack, control: Control, figures: Figures
) -> None:
    """Movements and failed payments in turn, every third not told: each has one run, and nothing is left."""
    began, client = datetime.now(UTC), await stack.client()
    happened = [next(each.more) for _ in range(OF_EACH) for each in fired.values()]
    lost = happened[::3]
    await asyncio.gather(*(tell(stack, each) for each in happened if each not in lost))
    look_back = datetime.now(UTC) - began + STRIPE_LISTS_AFTER + UNTIL_POLLED
    states = [await poll(client, look_back=look_back, payments=True) for _ in range(2)]
    await collect(client, control, happened)
    results = await results_of(client, [each.run for each in happened])
    start = began - STRIPE_LISTS_AFTER
    report = await coverage(client, start, datetime.now(UTC), payments=True)
    figures |= {
        "events": len(happened),
        "not told": len(lost),
        "started by poll 1 and 2": [state.tally.of(Found.STARTED) for state in states],
        "accounted": sources(report),
        "doubled": sum(count > 1 for count in written(control).values()),
    }
    assert sum(state.tally.of(Found.STARTED) for state in states) == len(lost)
    assert all(state.tally.unasked == [] for state in states)
    assert {each.invoice != "" for each in lost} == {True, False}
    assert report.complete
    assert report.tally.of(Found.POLL) == len(lost)
    assert len(results) == len(happened)
    assert Outcome.PARTIAL not in {each.outcome for each in results.values()}
    assert max(written(control).values()) == 1


@dataclass
class Stirred:
    """What was done to the runs of a later scene."""

    subjects: list[Subject] = field(default_factory=list)
    held_at: list[Call] = field(default_factory=list)
    kills: int = 0


@pytest.fixture(scope="module")
async def stirred(stack: Stack, control: Control) -> dict[str, Stirred]:
    """All scenes together, so that few kills do; in short of each the calls that matter."""
    kit = Kit(await stack.client(), control)
    left = [(scene, call) for scene in LATER for call in scene.calls[: None if FULL else scene.short]]
    found = {scene.name: Stirred() for scene in LATER}
    await until_each(left, functools.partial(stir, stack, kit, found))
    for scene in LATER:
        await asyncio.gather(*(scene.finish(kit, each) for each in found[scene.name].subjects))
    return found


async def stir(
    stack: Stack, kit: Kit, found: dict[str, Stirred], batch: list[tuple[Later, Call]]
) -> list[tuple[Later, Call]]:
    """Bring a customer of its own for each call to the wait, then end all waits, and kill."""
    subjects = await asyncio.gather(*(scene.ready(kit) for scene, _ in batch))
    marks: dict[str, list[str]] = {}
    for (scene, _), subject in zip(batch, subjects, strict=True):
        marks.setdefault(scene.name, []).extend(map(re.escape, subject.marks))
        found[scene.name].subjects.append(subject)
    rules = {rule(kit.control, each[1], "|".join(marks[each[0].name])): each for each in batch}
    await asyncio.gather(*(scene.act(kit, each) for (scene, _), each in zip(batch, subjects, strict=True)))
    held = await kill_while_held(stack, kit.control, rules)
    for scene, call in held:
        found[scene.name].held_at.append(call)
    for name in {scene.name for scene, _ in held}:
        found[name].kills += 1
    return held


@pytest.mark.timeout(900 if FULL else 300)
@pytest.mark.parametrize("scene", LATER, ids=lambda scene: scene.name)
async def test_a_kill_long_after_the_begin_loses_and_doubles_nothing(
    scene: Later, stirred: dict[str, Stirred], control: Control, figures: Figures
) -> None:
    done = stirred[scene.name]
    results = [result for each in done.subjects for result in await results_of_one(each)]
    problems = [each for result in results for each in result.problems]
    told = [each.step for each in problems if each.kind == UNKNOWN]
    made = sum(len(result.effects) for result in results) + len(problems)
    books = written(control)
    named = {name for result in results for name in names_of(result)}
    doubled = {key: count for key, count in books.items() if count > 1 + (REMINDS in key)}
    doubled |= twice_said(control)
    lost = max(scene.effects * len(done.subjects) - made, 0) + len(named - set(books))
    figures |= {
        "calls": len(set(done.held_at)),
        "kills": done.kills,
        "runs": sum(len(each.runs) + (each.case is not None) for each in done.subjects),
        "doubled": len(doubled),
        "lost": lost,
        "told": dict(Counter(told)),
        "outcomes": dict(Counter(each.outcome.value for each in results)),
    }
    assert doubled == {}
    assert lost == 0
    assert len(told) == len(problems)
    assert set(told) == {STEPS[each.path] for each in done.held_at if each.path in STEPS}
    if scene.name.startswith("expansion"):
        sums = [sum_of(control, each) for each in done.subjects]
        assert sums == [THE_SUM] * len(sums)


async def results_of_one(subject: Subject) -> list[RunResult]:
    """Of its case, where there is one that ends: what its events' runs have is the case's."""
    return [await run.result() for run in ([subject.case] if subject.case else subject.runs)]


REMINDS = "do not forget"
"""In a message that a person gets twice: at first, and as the reminder."""

THE_SUM = 12 * (50 + 30 + 20)


def sum_of(control: Control, subject: Subject) -> float:
    keys = {f"{run.id.partition('/')[2]}:expansion:deal" for run in subject.runs}
    [deal] = [each for each in control.records("Opportunity") if each.get("Mogulflow_Key__c") in keys]
    return float(deal["Amount"])


def twice_said(control: Control) -> dict[str, int]:
    """Lines that stand in a task more than once."""
    lines = Counter(
        f"{task['Id']} {line}"
        for task in control.records("Task")
        for line in str(task.get("Description") or "").splitlines()
        if line.startswith(("Reason: ", "Outcome: "))
    )
    return {line: count for line, count in lines.items() if count > 1}


@pytest.mark.skipif(not FULL, reason="the rule is tested with the step's interceptor: tests/activities")
async def test_a_message_that_outlasts_its_task_is_posted_once(
    stack: Stack, control: Control, seed: int, figures: Figures
) -> None:
    """It was begun in a task that ended with what came before it, and is under way in the next."""
    fresh(control, seed)
    client, left = await stack.client(), next(cancelled(control))
    control.fault("chartmogul", "slow", path=r"/customers/[^/]+$", times=None, delay_seconds=2.2)
    held = control.fault("slack", "slow", path=r"/chat\.postMessage$", delay_seconds=8)
    await tell(stack, left)
    await until(lambda: any(each.hits for each in control.faults() if each.id == held.id))
    run = client.get_workflow_handle(left.run)
    await until(functools.partial(has_tasks, run, 2))
    await stack.serve.kill()
    control.clear_faults()
    await stack.serve.start()
    await run.result()
    messages = message_keys(control)
    figures |= {"messages": len(messages), "doubled": len(messages) - len(set(messages))}
    assert [key.partition(":")[0] for key in messages] == [left.run.partition("/")[2]]


async def has_tasks(run: WorkflowHandle[Any, Any], count: int) -> bool:
    events = (await run.fetch_history()).events
    return sum(each.HasField("workflow_task_started_event_attributes") for each in events) >= count


@pytest.mark.timeout(SIZES.day.limit_seconds)
async def test_a_day_of_faults_loses_and_doubles_nothing(
    stack: Stack, control: Control, seed: int, figures: Figures
) -> None:
    fresh(control, seed)
    await prepare_deals(control)
    client, day, weather = await stack.client(), list[Told](), Weather(control)
    known = {run.id async for run in client.list_workflows("WorkflowType = 'failed_payment'")}
    weather.begin()
    began = datetime.now(UTC)
    async with sampled(stack.serve.pid) as memory, paying(control, day):
        away = await live(day, functools.partial(tell, stack), weather, SIZES.day, known)
        results = await all_ended(client, day)
    weather.end()
    found = await find_trouble(client, AttentionQuery(), datetime.now(UTC))
    books, shown = written(control), {each.workflow_id for each in found.runs}
    lost = [
        *lost_runs(day, results),
        *(name for each in results.values() for name in made(each) if not books[name]),
    ]
    doubled = [*(name for name, count in books.items() if count > 1), *several(control)]
    told, open_left = unknown(results.values()), {step: weather.left_open(step) for step in ONCE}
    figures |= {
        "events": len(day),
        "runs": len(results),
        "seconds": round((datetime.now(UTC) - began).total_seconds()),
        f"seconds without {AWAY}": round(away),
        "refused": weather.struck("status"),
        "dropped": weather.struck("drop_after"),
        "lost": len(lost),
        "doubled": len(doubled),
        "told": dict(told),
        "outcomes": dict(Counter(each.outcome.value for each in results.values())),
        "RSS in the middle third": f"{memory.middle:.0f} MB",
        "in the last": f"{memory.last:.0f} MB",
    }
    assert (lost, doubled) == ([], [])
    for workflow, happen in (("risk_case", contracted_twice), ("expansion_window", expanded_twice)):
        assert await waiting(client, workflow, began) == customers(day, happen)
    assert {step: count for step, count in open_left.items() if told[step] < count} == {}
    assert set(told) <= set(ONCE)
    partial = {run for run, result in results.items() if result.outcome is Outcome.PARTIAL}
    assert partial == {run for run, result in results.items() if result.problems}
    assert partial <= shown
    assert memory.last < memory.middle * 1.25 + 30
