"""Taking back what was changed in ChartMogul: all of it, and nothing that a person has changed since."""

from typing import Any

import pytest

from models.changes import AttributeValue
from models.effects import Action, Effect, Mode
from models.undo import Undone, UndoState
from simulators.kit.control import Control
from tests.activities.chartmogul import (
    OWNER,
    Steps,
    attributes,
    deletion,
    event,
    fields,
    merge,
    newcomer,
    tags,
    writes_of,
)


async def previewed(simulators: Control, steps: Steps, effect: Effect, **options: Any) -> Undone:
    """What would come of it; nothing is written."""
    before = writes_of(simulators)
    planned = await steps.undo(effect, mode=Mode.PREVIEW, **options)
    assert writes_of(simulators) == before
    return planned


async def undone(simulators: Control, steps: Steps, effect: Effect, **options: Any) -> Undone:
    """As the preview has said."""
    planned = await previewed(simulators, steps, effect, **options)
    done = await steps.undo(effect, **options)
    assert planned.state == done.state
    assert (planned.effect.before, planned.effect.after) == (done.effect.before, done.effect.after)
    return done


async def test_tags_and_attributes_are_as_before(simulators: Control, steps: Steps) -> None:
    two = simulators.customers(limit=2)[1]
    before = simulators.attributes(two.uuid)
    given = [AttributeValue(key="seats", value=99, type="Integer"), AttributeValue(key="tier", value="gold")]
    effects = [
        await steps.write(tags(two.uuid, add=["vip", "beta"], remove=["priority support"])),
        await steps.write(attributes(two.uuid, *given, remove=["channel"])),
    ]
    for effect in effects:
        done = await undone(simulators, steps, effect)
        assert (done.state, done.effect.action, done.left) == (UndoState.UNDONE, Action.UPDATED, [])
    after = simulators.attributes(two.uuid)
    assert after["custom"] == before["custom"]
    assert sorted(after["tags"]) == sorted(before["tags"])


async def test_an_undo_is_undone_in_turn(simulators: Control, steps: Steps) -> None:
    two = simulators.customers(limit=2)[1]
    effect = await steps.write(tags(two.uuid, add=["vip"], remove=["beta"]))
    back = await undone(simulators, steps, effect)
    again = await undone(simulators, steps, back.effect)
    assert again.effect.after == effect.after
    assert set(simulators.attributes(two.uuid)["tags"]) == {"vip", "priority support"}


async def test_what_a_person_has_changed_since_is_left(simulators: Control, steps: Steps) -> None:
    one = simulators.customers(limit=1)[0]
    effect = await steps.write(fields(one.uuid, city="Bonn", owner=OWNER))
    simulators.patch_customer(one.uuid, owner="maya.okafor@mogulflow.example")
    done = await undone(simulators, steps, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["owner"])
    assert done.effect.after.keys() == {"city"}
    row = simulators.patch_customer(one.uuid)
    assert (row["owner"], row["city"]) == ("maya.okafor@mogulflow.example", (effect.before or {})["city"])
    simulators.patch_customer(one.uuid, city="Ghent")
    nothing = await undone(simulators, steps, effect)
    assert (nothing.state, nothing.effect.action) == (UndoState.CHANGED_SINCE, Action.SKIPPED)
    assert nothing.left == ["city", "owner"]


async def test_a_new_customer_is_deleted_unless_somebody_has_changed_it(
    simulators: Control, steps: Steps
) -> None:
    effect = await steps.write(newcomer(name="Ann", country="US", state="US-CA"))
    uuid = str(effect.object_id)
    simulators.patch_customer(uuid, name="Ann Lee")
    done = await undone(simulators, steps, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["name"])
    simulators.patch_customer(uuid, name="Ann")
    simulators.reactivate(uuid)
    pays = await undone(simulators, steps, effect)
    assert (pays.state, pays.left) == (UndoState.CHANGED_SINCE, ["subscriptions"])
    simulators.withdraw(uuid)
    gone = await undone(simulators, steps, effect)
    assert (gone.state, gone.effect.object_type) == (UndoState.UNDONE, "customer deletion")
    assert (await undone(simulators, steps, effect)).state is UndoState.GONE
    assert (await undone(simulators, steps, gone.effect)).state is UndoState.NOT_POSSIBLE


@pytest.mark.parametrize("delete", [True, False])
async def test_an_event_is_disabled_or_deleted(simulators: Control, steps: Steps, delete: bool) -> None:
    effect = await steps.write(event())
    done = await undone(simulators, steps, effect, delete=delete)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert [row["disabled"] for row in simulators.subscription_events()] == ([] if delete else [True])
    again = await undone(simulators, steps, done.effect)
    assert again.state is UndoState.UNDONE
    [row] = simulators.subscription_events()
    assert (row["disabled"], row["amount_in_cents"]) == (False, 4900)


async def test_an_event_that_was_corrected_since_is_left(simulators: Control, steps: Steps) -> None:
    effect = await steps.write(event())
    simulators.patch_event(str(effect.object_id), amount_in_cents=5900)
    done = await undone(simulators, steps, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["amount_in_cents"])


@pytest.mark.parametrize("answers", ["404", "survivor"])
async def test_a_merge_is_unmerged_and_merged_again(simulators: Control, steps: Steps, answers: Any) -> None:
    simulators.chartmogul(merged_answers=answers)
    one, two = simulators.customers(limit=2)
    effect = await steps.write(merge(one, two))
    done = await undone(simulators, steps, effect)
    assert done.state is UndoState.UNDONE
    assert "may differ" in done.note
    assert simulators.customer(one.uuid).mrr == one.mrr
    assert simulators.customer(two.uuid).mrr == two.mrr
    again = await undone(simulators, steps, done.effect)
    assert again.effect.after["merged_into"] == two.uuid
    assert simulators.customer(two.uuid).mrr == one.mrr + two.mrr


async def test_who_was_merged_on_is_left(simulators: Control, steps: Steps) -> None:
    one, two, three = simulators.customers(limit=3)
    effect = await steps.write(merge(one, two))
    simulators.merge(two.uuid, three.uuid)
    done = await undone(simulators, steps, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["merged_into"])


async def test_a_deletion_cannot_be_undone_and_that_is_said_before(simulators: Control, steps: Steps) -> None:
    one = simulators.customers(limit=1)[0]
    effect = await steps.write(deletion(one.uuid))
    done = await undone(simulators, steps, effect)
    assert (done.state, done.effect.action) == (UndoState.NOT_POSSIBLE, Action.SKIPPED)


async def test_the_customer_is_gone(simulators: Control, steps: Steps) -> None:
    one, two = simulators.customers(limit=2)
    effects = [await steps.write(tags(one.uuid, add=["vip"])), await steps.write(merge(one, two))]
    simulators.delete_customer(two.uuid)
    for effect in effects:
        assert (await undone(simulators, steps, effect)).state is UndoState.GONE


@pytest.mark.parametrize("name", ["tags", "fields", "newcomer", "event", "deleted event", "merge"])
async def test_an_undo_that_was_done_before_the_line_dropped_is_done_once(
    simulators: Control, steps: Steps, name: str
) -> None:
    one, two = simulators.customers(limit=2)
    writes = {
        "tags": tags(one.uuid, add=["vip"]),
        "fields": fields(one.uuid, city="Bonn"),
        "newcomer": newcomer(name="Ann"),
        "event": event(),
        "deleted event": event(),
        "merge": merge(one, two),
    }
    effect = await steps.write(writes[name])
    options = {"delete": name == "deleted event"}
    planned = await previewed(simulators, steps, effect, **options)
    before = len(writes_of(simulators))
    for method in ("POST", "PATCH", "DELETE"):
        simulators.fault("chartmogul", "drop_after", method=method)
    if name == "merge":
        with pytest.raises(Exception, match="did not answer whether the unmerge was accepted"):
            await steps.undo(effect)
    done = await steps.undo(effect, attempt=2, **options)
    assert done.state is UndoState.UNDONE
    assert done.effect.action is Action.UPDATED
    assert (done.effect.before, done.effect.after) == (planned.effect.before, planned.effect.after)
    assert len(writes_of(simulators)) == before + 1
    late = await steps.undo(effect, attempt=2, **options)  # a worker died, and another tries again
    assert late.state is UndoState.UNDONE
    assert len(writes_of(simulators)) == before + 1
