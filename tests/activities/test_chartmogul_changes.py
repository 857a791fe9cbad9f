"""Changes of ChartMogul: what each reads before, writes once, and reads back."""

from contextlib import suppress
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from models.changes import AttributeValue
from models.chartmogul_writes import ChartMogulWrite
from models.effects import Action
from simulators.kit.control import Control
from tests.activities.chartmogul import (
    OWNER,
    SOURCE,
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

TIER = AttributeValue(key="tier", value="gold")


def customer(simulators: Control, number: int = 1) -> Any:
    return simulators.customers(limit=number)[-1]


def each_write(simulators: Control) -> dict[str, ChartMogulWrite]:
    one, two = simulators.customers(limit=2)
    return {
        "tags": tags(two.uuid, add=["vip"], remove=["beta"]),
        "attributes": attributes(one.uuid, TIER, remove=["channel"]),
        "fields": fields(one.uuid, city="Bonn", owner=OWNER),
        "newcomer": newcomer(name="Ann", country="US", state="US-CA"),
        "event": event(),
        "merge": merge(one, two),
        "deletion": deletion(one.uuid),
    }


EACH = ["tags", "attributes", "fields", "newcomer", "event", "merge", "deletion"]


async def test_tags_are_put_on_and_taken_off_and_others_stay(simulators: Control, steps: Steps) -> None:
    two = customer(simulators, 2)
    effect = await steps.write(tags(two.uuid, add=["vip", "beta"], remove=["priority support", "old"]))
    assert effect.model_dump(exclude={"tries", "link", "undo"}) == {
        "system": "chartmogul",
        "object_type": "customer",
        "action": Action.UPDATED,
        "key": "k:tags",
        "object_id": two.uuid,
        "label": two.company,
        "before": {"tag vip": False, "tag beta": True, "tag priority support": True, "tag old": False},
        "after": {"tag vip": True, "tag beta": True, "tag priority support": False, "tag old": False},
        "note": None,
    }
    assert effect.link == f"{simulators.url}/chartmogul/customers/{two.uuid}"
    assert simulators.attributes(two.uuid)["tags"] == ["beta", "vip"]
    assert writes_of(simulators) == ["POST", "DELETE"]


async def test_attributes_are_set_and_removed_and_others_stay(simulators: Control, steps: Steps) -> None:
    one = customer(simulators)
    before = simulators.attributes(one.uuid)["custom"]
    ends = AttributeValue(key="ends", value="2026-03-02", type="Timestamp")
    effect = await steps.write(attributes(one.uuid, TIER, ends, remove=["channel"]))
    assert effect.before == {"custom.tier": None, "custom.ends": None, "custom.channel": before["channel"]}
    assert effect.after == {"custom.tier": "gold", "custom.ends": "2026-03-02", "custom.channel": None}
    after = simulators.attributes(one.uuid)["custom"]
    assert after == {"seats": before["seats"], "tier": "gold", "ends": "2026-03-02T00:00:00.000Z"}


async def test_what_chartmogul_ignores_in_silence_shows_as_it_was(simulators: Control, steps: Steps) -> None:
    one = customer(simulators)
    write = fields(one.uuid, owner="nobody@acme.example", country="US", state="US-CA", city="Austin")
    planned, effect = await steps.preview(write), await steps.write(write)
    assert planned.before == effect.before
    assert planned.after == write.fields
    assert effect.after == {"owner": None, "country": "US", "state": "US-CA", "city": "Austin"}


async def test_a_field_that_chartmogul_does_not_have_is_refused(simulators: Control, steps: Steps) -> None:
    with pytest.raises(ApplicationError, match="has no field colour"):
        await steps.write(fields(customer(simulators).uuid, colour="red"))
    with pytest.raises(ApplicationError, match="needs data source and external id"):
        await steps.write(newcomer(external_id="", name="Ann"))
    with pytest.raises(ApplicationError, match="would be put on and taken off"):
        await steps.write(tags(customer(simulators).uuid, add=["a"], remove=["a"]))


async def test_a_new_customer_is_made_and_shown(simulators: Control, steps: Steps) -> None:
    effect = await steps.write(newcomer(name="Ann Lee", company="Acme", owner=OWNER))
    assert (effect.action, effect.before, effect.label) == (Action.CREATED, None, "Acme")
    assert effect.after == {
        "data_source_uuid": SOURCE, "external_id": "new-1", "name": "Ann Lee", "company": "Acme",
        "owner": OWNER,
    }  # fmt: skip
    assert simulators.customers(limit=500)[-1].uuid == effect.object_id


async def test_a_customer_of_that_external_id_is_not_made_again(simulators: Control, steps: Steps) -> None:
    one = customer(simulators)
    effect = await steps.write(newcomer(one.external_id, name="Somebody Else"))
    assert effect.action is Action.SKIPPED
    assert one.uuid in str(effect.note)
    same = await steps.write(newcomer(one.external_id, name=one.name))
    assert same.action is Action.UNCHANGED
    assert writes_of(simulators) == []


async def test_an_event_is_imported_once(simulators: Control, steps: Steps) -> None:
    effect = await steps.write(event())
    [row] = simulators.subscription_events()
    assert (effect.action, effect.object_id) == (Action.CREATED, str(row["id"]))
    assert effect.after["event_date"] == row["event_date"] == "2026-05-18T09:48:34Z"
    assert (await steps.write(event())).action is Action.UNCHANGED
    other = await steps.write(event(amount_in_cents=1))
    assert other.action is Action.SKIPPED
    assert "says otherwise: amount_in_cents" in str(other.note)
    assert len(simulators.subscription_events()) == 1


async def test_an_event_that_does_not_count_has_failed(simulators: Control, steps: Steps) -> None:
    with pytest.raises(ApplicationError, match=r"plan_external_id: no plan has it.*does not count"):
        await steps.write(event(plan_external_id="nonsense"))
    assert len(simulators.subscription_events()) == 1


async def test_a_merge_is_looked_for_until_it_is_done(simulators: Control, steps: Steps) -> None:
    one, two = simulators.customers(limit=2)
    simulators.chartmogul(merge_seconds=3600)
    for attempt in (1, 2):
        with pytest.raises(ApplicationError, match="accepted, and takes a while") as caught:
            await steps.write(merge(one, two), attempt=attempt)
        assert (caught.value.type, caught.value.non_retryable) == ("OutcomeUnknown", False)
    assert writes_of(simulators) == ["POST"]  # what is accepted is not asked for again
    simulators.chartmogul(merge_seconds=0)
    planned: dict[str, Any] = {"uuid": one.uuid, "data_source_uuid": SOURCE, "external_id": one.external_id}
    planned |= {"merged_into": None}
    write = merge(one, two).model_copy(update={"was": planned})
    effect = await steps.write(write, attempt=3)
    assert (effect.action, effect.object_type) == (Action.UPDATED, "customer merge")
    assert effect.before == planned
    assert effect.after == planned | {"merged_into": two.uuid}
    assert writes_of(simulators) == ["POST"]


@pytest.mark.parametrize("answers", ["404", "survivor"])
async def test_a_merge_keeps_what_takes_it_back(simulators: Control, steps: Steps, answers: Any) -> None:
    simulators.chartmogul(merged_answers=answers)
    one, two = simulators.customers(limit=2)
    effect = await steps.write(merge(one, two))
    assert effect.before == {
        "uuid": one.uuid, "data_source_uuid": SOURCE, "external_id": one.external_id, "name": one.name,
        "company": one.company, "mrr": one.mrr, "merged_into": None,
    }  # fmt: skip


async def test_a_customer_is_deleted_and_the_effect_keeps_what_was(simulators: Control, steps: Steps) -> None:
    two = customer(simulators, 2)
    effect = await steps.write(deletion(two.uuid))
    assert (effect.object_type, effect.action) == ("customer deletion", Action.UPDATED)
    assert effect.before is not None
    assert effect.before.keys() == effect.after.keys()
    assert set(effect.after.values()) == {None}
    kept = {name: effect.before[name] for name in ("uuid", "external_id", "name", "email", "mrr", "tags")}
    assert kept == {
        "uuid": two.uuid, "external_id": two.external_id, "name": two.name, "email": two.email,
        "mrr": two.mrr, "tags": ["beta", "priority support"],
    }  # fmt: skip
    assert effect.before["custom.channel"]
    assert f"MRR {two.mrr} cents" in effect.before["subscriptions"][0]
    with pytest.raises(ApplicationError, match="HTTP 404"):
        await steps.preview(deletion(two.uuid))


@pytest.mark.parametrize("name", EACH)
async def test_a_preview_writes_nothing_and_has_the_sides_of_the_write(
    simulators: Control, steps: Steps, name: str
) -> None:
    write = each_write(simulators)[name]
    planned = await steps.preview(write)
    assert writes_of(simulators) == []
    done = await steps.write(write)
    assert (planned.before, planned.after) == (done.before, done.after)
    assert (planned.action, done.action) in {
        (Action.WOULD_CREATE, Action.CREATED),
        (Action.WOULD_UPDATE, Action.UPDATED),
    }
    assert planned.object_type == done.object_type


@pytest.mark.parametrize("name", EACH)
async def test_a_run_that_only_looks_writes_nothing(simulators: Control, steps: Steps, name: str) -> None:
    write = each_write(simulators)[name].model_copy(update={"only_find": True})
    assert (await steps.write(write)).action is Action.SKIPPED
    assert writes_of(simulators) == []


@pytest.mark.parametrize("name", EACH)
async def test_what_was_done_before_the_line_dropped_is_done_once(
    simulators: Control, steps: Steps, name: str
) -> None:
    """The same try finds it, and still knows what was there before."""
    write = each_write(simulators)[name]
    planned = await steps.preview(write)
    for method in ("POST", "PATCH", "DELETE"):
        simulators.fault("chartmogul", "drop_after", method=method)
    if name == "merge":  # nobody can tell whether it was accepted
        with pytest.raises(ApplicationError, match="did not answer whether the merge was accepted"):
            await steps.write(write)
        write = write.model_copy(update={"was": planned.before})
        done = await steps.write(write, attempt=2)
        assert writes_of(simulators) == ["POST"]
    else:
        done = await steps.write(write)
        assert "it was there when it was looked for" in str(done.note)
    assert (done.before, done.after) == (planned.before, planned.after)
    assert done.action in (Action.CREATED, Action.UPDATED)
    methods = writes_of(simulators)
    assert len(methods) == len(set(methods))


@pytest.mark.parametrize("name", EACH)
async def test_a_try_after_one_that_was_lost_finds_it_done(
    simulators: Control, steps: Steps, name: str
) -> None:
    """A worker died after it had written. The preview's sides say what was there before."""
    write = each_write(simulators)[name]
    planned = await steps.preview(write)
    first = await steps.write(write)
    methods = writes_of(simulators)
    again = await steps.write(write.model_copy(update={"was": planned.before}), attempt=2)
    assert writes_of(simulators) == methods
    assert (again.action, again.before, again.after) == (first.action, first.before, first.after)
    unknown = await steps.write(write, attempt=2)
    assert writes_of(simulators) == methods
    assert unknown.action == first.action


@pytest.mark.parametrize("name", EACH)
async def test_what_was_not_heard_is_written_by_the_next_try(
    simulators: Control, steps: Steps, name: str
) -> None:
    write = each_write(simulators)[name]
    for method in ("POST", "PATCH", "DELETE"):
        simulators.fault("chartmogul", "drop_before", method=method)
    with pytest.raises(ApplicationError) as caught:
        await steps.write(write)
    assert (caught.value.type, caught.value.non_retryable) == ("OutcomeUnknown", False)
    with suppress(ApplicationError):  # of two calls the second is dropped, too
        await steps.write(write, attempt=2)
    done = await steps.write(write, attempt=3)
    assert done.action in (Action.CREATED, Action.UPDATED)


async def test_what_is_so_already_is_left(simulators: Control, steps: Steps) -> None:
    two = customer(simulators, 2)
    effect = await steps.write(tags(two.uuid, add=["beta"], remove=["nonsense"]))
    assert effect.action is Action.UNCHANGED
    assert effect.before == effect.after
    assert writes_of(simulators) == []


async def test_who_was_merged_is_not_changed_under_the_old_id(simulators: Control, steps: Steps) -> None:
    simulators.chartmogul(merged_answers="survivor")
    one, two = simulators.customers(limit=2)
    simulators.merge(one.uuid, two.uuid)
    with pytest.raises(ApplicationError, match=f"it was merged into {two.uuid}"):
        await steps.write(tags(one.uuid, add=["vip"]))


async def test_a_refusal_of_one_part_does_not_hide_the_other(simulators: Control, steps: Steps) -> None:
    one = customer(simulators, 2)
    simulators.fault("chartmogul", "status", status=422, method="DELETE", body={"errors": {"tags": "no"}})
    effect = await steps.write(tags(one.uuid, add=["vip"], remove=["beta"]))
    assert effect.after == {"tag vip": True, "tag beta": True}
    assert "tags: no" in str(effect.note)
