"""What a tool that writes asks for: the change, the rule that decides, and one run for the same change."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import Client

from ingress.agents.declaration import Caller, ToolFailed
from ingress.agents.tools.change_tags import change_tags
from ingress.agents.tools.get_run import get_run
from ingress.agents.tools.import_subscription_events import GivenEvent, import_subscription_events
from ingress.agents.tools.merge_or_delete_customer import merge_or_delete_customer
from ingress.agents.tools.save_customer import CustomerFields, save_customer
from ingress.agents.tools.set_custom_attributes import GivenAttribute, set_custom_attributes
from ingress.agents.tools.undo_run import undo_run
from ingress.agents.tools.watch_metric import watch_metric
from models.agents import Agents, Approvers, Limits, PolicyLine, When
from models.changes import (
    Asker,
    AttributeChange,
    ChangeInput,
    ChangeState,
    CustomerDeletion,
    CustomerMerge,
    CustomerSave,
    EventImport,
    TagChange,
    Then,
    Undoable,
)
from models.reads.run import Alerts, RunAnswer
from models.undo import UndoState
from operations import asking, changes
from operations.asking import Request, prepared
from operations.reads.account import Source
from settings import Settings
from simulators.kit.control import Control
from tests.ingress.agents.offered.conftest import CallerOf

REASON = "Asked for in a test"


@pytest.fixture
async def source(caller: Caller) -> Source:
    return Source("default", caller.chartmogul["default"])


@pytest.fixture
async def uuid(simulators: Control) -> str:
    return simulators.customers(limit=1, case="account")[0].uuid


def tags(uuid: str, **more: Any) -> Request:
    change = TagChange(customer_uuid=uuid, add=["vip"])
    return Request("change_tags", change, Asker(name="bot", kind="agent"), REASON, **more)


async def test_the_same_is_one_run_and_another_is_not(settings: Settings, source: Source, uuid: str) -> None:
    first = await prepared(settings, source, Agents(), tags(uuid))
    again = await prepared(settings, source, Agents(), replace(tags(uuid), reason="In other words"))
    keyed = [await prepared(settings, source, Agents(), tags(uuid, idempotency_key=key)) for key in "aab"]
    other = replace(tags(uuid), asker=Asker(name="other", kind="agent"))
    others = [await prepared(settings, source, Agents(), each) for each in (other, tags(uuid, dry_run=True))]
    assert first.digest == again.digest
    assert first.arguments == keyed[0].arguments
    assert keyed[0].digest == keyed[1].digest
    digests = {each.digest for each in (first, keyed[0], keyed[2], *others)}
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (TagChange(customer_uuid="cus_1"), Undoable.POSSIBLE),
        (AttributeChange(customer_uuid="cus_1"), Undoable.POSSIBLE),
        (CustomerSave(customer_uuid="cus_1"), Undoable.POSSIBLE),
        (CustomerSave(external_id="1"), Undoable.PARTLY),
        (CustomerMerge(customer_uuid="cus_1", into_uuid="cus_2"), Undoable.PARTLY),
        (CustomerDeletion(customer_uuid="cus_1"), Undoable.NO),
    ],
)
def test_what_can_be_undone_is_said_beforehand(change: Any, undo: Undoable) -> None:
    assert asking.undo_possible(change) is undo


async def test_the_policy_decides_and_mrr_is_read_where_a_line_asks_for_it(
    settings: Settings, source: Source, simulators: Control, uuid: str
) -> None:
    mrr = simulators.customer(uuid).mrr
    line = PolicyLine(tool="*", when=When(customer_mrr_cents_over=mrr - 1), then=Then.ASK, approvers=2)
    above = Agents(policy=[line])
    below = Agents(policy=[line.model_copy(update={"when": When(customer_mrr_cents_over=mrr)})])
    rules = [(await prepared(settings, source, each, tags(uuid))).rule for each in (above, below)]
    assert [(each.number, each.then) for each in rules] == [(1, Then.ASK), (0, Then.ALLOW)]
    before = len(simulators.calls("chartmogul"))
    await prepared(settings, source, Agents(), tags(uuid))
    assert len(simulators.calls("chartmogul")) == before
    gone = CustomerMerge(customer_uuid=uuid, into_uuid="cus_00000000-0000-4000-a000-000000000000")
    merge = Request("change_tags", gone, Asker(name="bot", kind="agent"), REASON)
    assert (await prepared(settings, source, below, merge)).rule.number == 1


async def test_the_file_says_where_alone_is_decided(settings: Settings, source: Source, uuid: str) -> None:
    of_all = Approvers(channel="#approvals", only_by="slack")
    line = PolicyLine(tool="change_tags", then=Then.ASK, only_by="slack")
    asking_line = line.model_copy(update={"only_by": None})
    files = [
        Agents(policy=[line], approvers=Approvers(channel="#approvals")),
        Agents(policy=[asking_line], approvers=of_all),
        Agents(policy=[asking_line]),
        Agents(approvers=of_all),
    ]
    rules = [(await prepared(settings, source, each, tags(uuid))).rule for each in files]
    assert [each.only_by for each in rules] == ["slack", "slack", None, None]
    assert ["by slack alone" in each.said for each in rules] == [True, True, False, False]
    with pytest.raises(ValidationError, match="name the channel"):
        Agents(policy=[line])


# -- by the tools, as runs


@pytest.fixture
async def bot(caller_of: CallerOf, client: Client, workers: None, uuid: str) -> Caller:
    """Another one for each test: they share the namespace."""
    return caller_of(name=f"bot-{uuid[-8:]}", client=client)


async def given_to(bot: Caller, answer: RunAnswer) -> ChangeInput:
    assert answer.run_id.startswith("change/")
    first = await anext(bot.temporal.get_workflow_handle(answer.run_id).fetch_history_events())
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [given] = await bot.temporal.data_converter.decode(payloads, [ChangeInput])
    assert isinstance(given, ChangeInput)
    return given


EVENT = GivenEvent.model_validate(
    {
        "external_id": "event-1",
        "data_source_uuid": "ds_1",
        "customer_external_id": "cus_N1001",
        "subscription_external_id": "sub_1",
        "event_type": "subscription_cancelled",
        "event_date": "2026-11-01T00:00:00Z",
        "effective_date": "2026-12-01T00:00:00Z",
    }
)


async def test_each_tool_asks_for_its_change(bot: Caller, simulators: Control, uuid: str) -> None:
    other = simulators.customers(limit=2, case="account")[1]
    email = simulators.customer(uuid).email
    asked = await asyncio.gather(
        change_tags(bot, customer=email, reason=REASON, add=["vip", "vip"], remove=["beta"]),
        set_custom_attributes(
            bot, customer=uuid, reason=REASON, set=[GivenAttribute(key="seats", value=3, type="Integer")],
            remove=["channel"],
        ),
        save_customer(bot, customer=CustomerFields(city="Oslo", zip=""), customer_uuid=uuid, reason=REASON),
        save_customer(
            bot, customer=CustomerFields(data_source_uuid="ds_1", external_id="n", name="New"), reason=REASON
        ),
        import_subscription_events(bot, events=[EVENT], reason=REASON),
        merge_or_delete_customer(bot, action="merge", customer=uuid, into=other.email, reason=REASON),
        merge_or_delete_customer(bot, action="delete", customer=uuid, reason=REASON, dry_run=True),
    )  # fmt: skip
    found = [await given_to(bot, each) for each in asked]
    assert found[0].change == TagChange(customer_uuid=uuid, add=["vip"], remove=["beta"])
    assert isinstance(found[1].change, AttributeChange)
    assert [each.model_dump() for each in found[1].change.set] == [
        {"key": "seats", "value": 3, "type": "Integer"}
    ]
    assert found[2].change == CustomerSave(customer_uuid=uuid, fields={"city": "Oslo", "zip": None})
    assert found[3].change == CustomerSave(data_source_uuid="ds_1", external_id="n", fields={"name": "New"})
    assert isinstance(found[4].change, EventImport)
    assert found[5].change == CustomerMerge(customer_uuid=uuid, into_uuid=other.uuid)
    assert (found[6].change, found[6].dry_run) == (CustomerDeletion(customer_uuid=uuid), True)
    thens = [(each.rule.then, each.rule.approvers) for each in found]
    assert thens == [(Then.ALLOW, 1)] * 2 + [(Then.ASK, 1)] * 4 + [(Then.ASK, 2)]
    for answer, given in zip(asked, found, strict=True):
        assert (given.asker.name, given.asker.owner, given.reason) == (bot.name, bot.owner, REASON)
        assert answer.undo is asking.undo_possible(given.change)
        assert answer.first_asked
        assert (answer.account, answer.currency, answer.time_zone) == ("default", "USD", "Europe/Berlin")


async def test_a_tag_is_put_on_and_taken_off_again(bot: Caller, simulators: Control, uuid: str) -> None:
    preview = await change_tags(bot, customer=uuid, reason=REASON, add=["vip"], dry_run=True)
    done = await change_tags(bot, customer=uuid, reason=REASON, add=["vip"])
    assert (preview.status, done.status) == (ChangeState.PREVIEWED, ChangeState.DONE)
    assert [(each.field, each.before, each.after) for each in done.changes] == [("tag vip", False, True)]
    assert preview.changes == done.changes
    assert {"changes[].of", "changes[].field"} <= {*done.untrusted_fields}
    agents = Agents(policy=[PolicyLine(tool="undo_run", then=Then.ALLOW)])
    back = await undo_run(replace(bot, agents=agents), run_id=done.run_id, reason=REASON)
    assert (back.status, [each.state for each in back.undone]) == (ChangeState.UNDONE, [UndoState.UNDONE])
    assert "vip" not in simulators.attributes(uuid)["tags"]


async def test_what_the_policy_refuses_is_an_error_with_its_run(bot: Caller, uuid: str) -> None:
    agents = Agents(policy=[PolicyLine(tool="change_tags", then=Then.REFUSE)])
    with pytest.raises(ToolFailed) as failed:
        await change_tags(replace(bot, agents=agents), customer=uuid, reason=REASON, add=["vip"])
    assert failed.value.code == "refused_by_policy"
    assert "change/change_tags/" in failed.value.message


async def test_who_waits_for_people_is_told_until_when(bot: Caller, uuid: str) -> None:
    asked = await merge_or_delete_customer(bot, action="delete", customer=uuid, reason=REASON)
    assert asked.status is ChangeState.NEEDS_APPROVAL
    assert asked.decide_by
    assert "get_run" in asked.message
    await bot.temporal.get_workflow_handle(asked.run_id).terminate()


async def test_an_alert_is_made_and_told_of(bot: Caller, uuid: str) -> None:
    name = f"alert-{uuid[-8:]}"
    given: dict[str, Any] = {"metric": "mrr", "condition": "below", "value": 100.0, "channel": "revops"}
    made = await watch_metric(bot, action="create", name=name, reason=REASON, **given)
    assert isinstance(made, RunAnswer)
    assert made.status is ChangeState.DONE
    listed = await watch_metric(bot, action="list")
    assert isinstance(listed, Alerts)
    [alert] = [each.alert for each in listed.alerts if each.name == name]
    assert (alert.rule.value, alert.time_zone, alert.paused) == (100, "Europe/Berlin", False)
    paused = await watch_metric(bot, action="pause", name=name, reason=REASON)
    assert isinstance(paused, RunAnswer)
    assert [(each.field, each.after) for each in paused.changes] == [("paused", True)]
    agents = Agents(policy=[PolicyLine(tool="undo_run", then=Then.ALLOW)])
    for run in (paused, made):
        back = await undo_run(replace(bot, agents=agents), run_id=run.run_id, reason=REASON)
        assert back.status is ChangeState.UNDONE
    left = await watch_metric(bot, action="list")
    assert isinstance(left, Alerts)
    assert name not in [each.name for each in left.alerts]


@pytest.mark.parametrize(
    "arguments", [{}, {"name": "new", "reason": REASON}, {"name": "new", "reason": "no"}]
)
async def test_an_alert_needs_all_that_makes_it(bot: Caller, arguments: Any) -> None:
    with pytest.raises(ToolFailed) as failed:
        await watch_metric(bot, action="create", **arguments)
    assert failed.value.code == "invalid_arguments"


async def test_a_run_is_known_to_who_asked_for_it_alone(bot: Caller, uuid: str) -> None:
    answer = await change_tags(bot, customer=uuid, reason=REASON, add=["vip"])
    own = await get_run(bot, run_id=answer.run_id)
    assert (own.run_id, own.tool) == (answer.run_id, "change_tags")
    said = set()
    for caller, run_id in (
        (replace(bot, name="other"), answer.run_id),
        (bot, "change/change_tags/none"),
        (bot, "poll/default"),
    ):
        for call in (get_run(caller, run_id=run_id), undo_run(caller, run_id=run_id, reason=REASON)):
            with pytest.raises(ToolFailed) as failed:
                await call
            assert failed.value.code == "run_not_found"
            said.add(str(failed.value))
    assert len(said) == 1


async def test_what_has_written_nothing_is_not_undone(bot: Caller, uuid: str) -> None:
    answer = await change_tags(bot, customer=uuid, reason=REASON, add=["vip"], dry_run=True)
    with pytest.raises(ToolFailed) as failed:
        await undo_run(bot, run_id=answer.run_id, reason=REASON)
    assert failed.value.code == "not_undoable"
    reader = replace(bot, scopes=frozenset({"alerts.write"}))
    with pytest.raises(ToolFailed) as failed:
        await undo_run(reader, run_id=answer.run_id, reason=REASON)
    assert failed.value.code == "not_allowed"


async def test_runs_of_an_hour_are_counted_and_a_repeat_is_none(
    bot: Caller, uuid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(bot, name=f"few-{uuid[-8:]}", agents=Agents(limits=Limits(runs_per_hour=2)))
    for tag in ("one", "two", "two", "one"):
        await change_tags(few, customer=uuid, reason=REASON, add=[tag])
    with pytest.raises(ToolFailed) as failed:
        await change_tags(few, customer=uuid, reason=REASON, add=["three"])
    assert failed.value.code == "rate_limited"
    assert failed.value.retry_after_seconds
    await change_tags(bot, customer=uuid, reason=REASON, add=["three"])


async def test_another_change_under_one_key_is_a_conflict(bot: Caller, uuid: str) -> None:
    await change_tags(bot, customer=uuid, reason=REASON, add=["one"], idempotency_key="k")
    with pytest.raises(ToolFailed) as failed:
        await change_tags(bot, customer=uuid, reason=REASON, add=["two"], idempotency_key="k")
    assert failed.value.code == "idempotency_conflict"


async def test_who_was_asked_before_is_told_so(bot: Caller, uuid: str) -> None:
    answer = await change_tags(bot, customer=uuid, reason=REASON, add=["vip"])
    given = await given_to(bot, answer)
    run = await changes.state_of(bot.temporal, answer.run_id)
    assert not asking.was_asked_before(run, given.asked_at)
    assert asking.was_asked_before(run, datetime.now(UTC).replace(year=2199))


@pytest.mark.parametrize(
    "arguments",
    [{"add": []}, {"add": ["one"], "remove": ["one"]}],
)
async def test_a_change_of_nothing_is_refused(bot: Caller, uuid: str, arguments: Any) -> None:
    with pytest.raises(ToolFailed) as failed:
        await change_tags(bot, customer=uuid, reason=REASON, **arguments)
    assert failed.value.code == "invalid_arguments"


async def test_a_merge_names_two_customers(bot: Caller, uuid: str) -> None:
    for into in ("", uuid):
        with pytest.raises(ToolFailed) as failed:
            await merge_or_delete_customer(bot, action="merge", customer=uuid, into=into, reason=REASON)
        assert failed.value.code == "invalid_arguments"


def test_an_update_of_a_subscription_names_plan_and_amount() -> None:
    with pytest.raises(ValueError, match="plan_external_id"):
        GivenEvent.model_validate(EVENT.model_dump() | {"event_type": "subscription_updated"})


async def test_until_temporal_has_answered_nothing_is_asked_for(caller: Caller, uuid: str) -> None:
    with pytest.raises(ToolFailed) as failed:
        await change_tags(caller, customer=uuid, reason=REASON, add=["vip"])
    assert failed.value.code == "temporal_unavailable"
