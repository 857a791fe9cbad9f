"""What was written to Marketo is taken back, field by field, place by place; what a person did stays."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.marketo.steps import MarketoActivities
from clients.marketo.client import MarketoClient
from models.effects import Action, Effect
from models.marketo import Enrolment, LeadWrite
from models.undo import UndoState
from simulators.kit.control import Control
from tests.activities.undo.taking_back import Steps
from tests.conftest import settings_for

ANN = "ann@acme.example"
LIST = ("static_list", "Churned customers")
PROGRAM = ("program_status", "Win-back")
CAMPAIGN = ("campaign", "Send win-back mail")
EVENT = ("custom_object", "subscriptionEvent_c")
SEAT = ("custom_object", "seat_c")
CHANGED, NOT_POSSIBLE, GONE = UndoState.CHANGED_SINCE, UndoState.NOT_POSSIBLE, UndoState.GONE


def books(simulators: Control) -> dict[str, Any]:
    """All that was written in Marketo."""
    found: dict[str, Any] = simulators.ask("GET", "marketo/books")
    return found


def client_of(simulators: Control) -> MarketoClient:
    settings = settings_for(simulators.url).marketo
    assert settings
    return MarketoClient(settings.model_copy(update={"settle_seconds": 0, "calls_per_20_seconds": 1_000_000}))


class Marketo(Steps):
    def __init__(self, simulators: Control, client: MarketoClient) -> None:
        super().__init__(simulators, MarketoActivities(client), "marketo")
        self.client, self.simulators = client, simulators

    async def upsert(self, **fields: Any) -> Effect:
        effect: Effect = await self.run("upsert_lead", LeadWrite(key="e:lead", email=ANN, fields=fields))
        return effect

    async def enrol(self, way: str, target: str, **more: Any) -> Effect:
        given = {"key": "e:enrol", "email": ANN, "way": way, "target": target, **more}
        step = "request_campaign" if way == "campaign" else "enrol"
        effect: Effect = await self.run(step, Enrolment.model_validate(given))
        return effect

    def lead(self, **values: Any) -> str:
        return str(self.simulators.ask("POST", "marketo/leads", {"email": ANN, **values})["id"])

    def change(self, lead: str, **values: Any) -> None:
        """As a person does."""
        self.simulators.ask("PATCH", f"marketo/leads/{lead}", values)

    def fields(self, *names: str) -> list[Any]:
        [lead] = books(self.simulators)["leads"]
        return [lead.get(name) for name in names]

    def members(self) -> list[int]:
        return list(books(self.simulators)["lists"][LIST[1]])

    def statuses(self) -> dict[str, str]:
        return dict(books(self.simulators)["programs"][PROGRAM[1]])

    def records(self, name: str = EVENT[1]) -> list[Any]:
        return list(books(self.simulators)["objects"][name].values())

    def delete_lead(self, lead: str) -> None:
        self.simulators.ask("DELETE", f"marketo/leads/{lead}")


@pytest.fixture
async def marketo(simulators: Control) -> AsyncIterator[Marketo]:
    client = client_of(simulators)
    yield Marketo(simulators, client)
    await client.aclose()


# -- leads


async def test_fields_of_a_lead_are_set_back_and_set_again(marketo: Marketo) -> None:
    marketo.lead(cmPlan="Solo", cmLastMovementAt="2026-01-01T10:00:00Z")
    effect = await marketo.upsert(cmPlan="Team", cmMrr=49, cmLastMovementAt="2026-02-02T10:00:00+01:00")
    done = await marketo.seen_and_done(effect)
    assert marketo.fields("cmPlan", "cmMrr") == ["Solo", ""]
    assert done.effect.after == {"cmPlan": "Solo", "cmMrr": None, "cmLastMovementAt": "2026-01-01T10:00:00Z"}
    await marketo.seen_and_done(done.effect)
    assert marketo.fields("cmPlan", "cmMrr") == ["Team", 49]


async def test_a_field_that_a_person_has_changed_stays(marketo: Marketo) -> None:
    lead = marketo.lead(cmPlan="Solo")
    effect = await marketo.upsert(cmPlan="Team", cmMrr=49)
    marketo.change(lead, cmMrr=55)
    done = await marketo.seen_and_done(effect)
    assert (done.left, done.effect.after) == (["cmMrr"], {"cmPlan": "Solo"})
    assert marketo.fields("cmPlan", "cmMrr") == ["Solo", 55]
    marketo.change(lead, cmPlan="Own")
    nothing = await marketo.seen_and_done(effect, CHANGED)
    assert sorted(nothing.left) == ["cmMrr", "cmPlan"]


async def test_a_field_that_is_set_back_already(marketo: Marketo) -> None:
    lead = marketo.lead(cmPlan="Solo")
    effect = await marketo.upsert(cmPlan="Team")
    marketo.change(lead, cmPlan="Solo")
    assert (await marketo.seen_and_done(effect)).effect.action is Action.UNCHANGED


async def test_no_answer_to_the_undo_of_a_lead(marketo: Marketo) -> None:
    marketo.lead(cmPlan="Solo")
    effect = await marketo.upsert(cmPlan="Team")
    done = await marketo.done_then_dropped(effect, method="POST", path=r"/leads\.json")
    assert (done.effect.before, done.effect.after) == ({"cmPlan": "Team"}, {"cmPlan": "Solo"})
    assert marketo.fields("cmPlan") == ["Solo"]


async def test_a_lead_that_was_made_is_deleted_where_that_is_asked_for(marketo: Marketo) -> None:
    made = await marketo.upsert(cmPlan="Team")
    await marketo.seen_and_done(made, NOT_POSSIBLE)
    marketo.change(str(made.object_id), cmPlan="Own")
    await marketo.seen_and_done(made, CHANGED, delete=True)
    marketo.change(str(made.object_id), cmPlan="Team")
    done = await marketo.seen_and_done(made, delete=True)
    assert books(marketo.simulators)["leads"] == []
    await marketo.seen_and_done(made, GONE, delete=True)
    await marketo.seen_and_done(done.effect, NOT_POSSIBLE, delete=True)


async def test_no_answer_to_the_deletion_of_a_lead(marketo: Marketo) -> None:
    made = await marketo.upsert(cmPlan="Team")
    marketo.simulators.fault("marketo", "drop_after", path=r"leads/delete\.json")
    with pytest.raises(Exception, match=f"lead {made.object_id} was deleted"):
        await marketo.undo(made, delete=True)
    done = await marketo.undo(made, delete=True, repeat=True)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)


async def test_a_lead_that_was_deleted_meanwhile(marketo: Marketo) -> None:
    lead = marketo.lead()
    effect = await marketo.upsert(cmPlan="Team")
    marketo.delete_lead(lead)
    await marketo.seen_and_done(effect, GONE)


async def test_what_a_lost_answer_hides_is_not_guessed(marketo: Marketo) -> None:
    """Which of its values are ours nobody can tell."""
    marketo.lead(cmPlan="Team")
    write = LeadWrite(key="e:lead", email=ANN, fields={"cmPlan": "Team"}, repeat=True)
    effect: Effect = await marketo.run("upsert_lead", write)
    assert effect.action is Action.UPDATED
    await marketo.seen_and_done(effect, NOT_POSSIBLE)


async def test_a_field_that_marketo_refuses_by_now_is_left(marketo: Marketo) -> None:
    marketo.lead(cmPlan="Solo", firstName="Ann", industry="Food")
    effect = await marketo.upsert(cmPlan="Team", cmNote="Hello")
    refusal = {"status": "skipped", "reasons": [{"code": "1003", "message": "Field 'cmNote' is read-only"}]}
    body = {"requestId": "1#a", "success": True, "result": [refusal]}
    marketo.simulators.fault("marketo", "status", status=200, body=body, method="POST", path=r"/leads\.json")
    done = await marketo.undo(effect)
    assert (done.state, done.left) == (UndoState.UNDONE, ["cmNote"])
    assert "cmNote was left out: Marketo refuses it" in done.note
    assert marketo.fields("cmPlan", "cmNote") == ["Solo", "Hello"]


# -- lists and programs


async def test_a_lead_is_taken_out_of_a_list_and_put_in_again(marketo: Marketo) -> None:
    lead = int(marketo.lead())
    effect = await marketo.enrol(*LIST)
    done = await marketo.seen_and_done(effect)
    assert marketo.members() == []
    await marketo.seen_and_done(done.effect)
    assert marketo.members() == [lead]


async def test_who_was_taken_out_of_a_list_already(marketo: Marketo) -> None:
    lead = marketo.lead()
    effect = await marketo.enrol(*LIST)
    await marketo.client.members.remove_from_list(1002, lead)
    assert (await marketo.seen_and_done(effect)).effect.action is Action.UNCHANGED
    await marketo.client.members.remove_from_list(1002, lead)  # as another does at the same time


async def test_no_answer_to_the_undo_of_a_list(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*LIST)
    await marketo.done_then_dropped(effect, method="DELETE", path="/lists/")
    assert marketo.members() == []


async def test_the_list_is_known_by_its_id_and_of_old_effects_by_its_name(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*LIST)
    marketo.simulators.ask("POST", "marketo/lists", query={"name": LIST[1]})
    fresh = client_of(marketo.simulators)
    told = Marketo(marketo.simulators, fresh)
    old = effect.model_copy(update={"undo": {}})
    assert "2 have this name" in (await told.seen_and_done(old, NOT_POSSIBLE)).note
    await told.seen_and_done(effect)
    await fresh.aclose()


@pytest.mark.parametrize("place", [LIST, PROGRAM])
async def test_a_place_or_a_lead_that_is_gone(marketo: Marketo, place: tuple[str, str]) -> None:
    lead = marketo.lead()
    effect = await marketo.enrol(*place, status="Member")
    kind = "list" if place == LIST else "program"
    elsewhere = effect.model_copy(update={"undo": {kind: 9_999}})
    await marketo.seen_and_done(elsewhere, GONE)
    nameless = effect.model_copy(update={"undo": {}, "before": None, "after": {}})
    await marketo.seen_and_done(nameless, NOT_POSSIBLE)
    marketo.delete_lead(lead)
    if place == LIST:
        await marketo.seen_and_done(effect, GONE)
    else:  # Marketo says that there is no such member, which is as it was before
        assert (await marketo.seen_and_done(effect)).effect.action is Action.UNCHANGED


async def test_a_member_of_a_program_is_none_any_more_and_one_again(marketo: Marketo) -> None:
    lead = marketo.lead()
    effect = await marketo.enrol(*PROGRAM, status="Member")
    done = await marketo.seen_and_done(effect)
    assert marketo.statuses() == {}
    await marketo.seen_and_done(done.effect)
    assert marketo.statuses() == {lead: "Member"}


async def test_a_member_whom_a_person_has_moved_on_stays(marketo: Marketo) -> None:
    lead = marketo.lead()
    effect = await marketo.enrol(*PROGRAM, status="Member")
    await marketo.client.members.set_status(1101, lead, "Won Back")
    assert (await marketo.seen_and_done(effect, CHANGED)).left == ["status"]
    assert marketo.statuses() == {lead: "Won Back"}


async def test_a_status_never_goes_back(marketo: Marketo) -> None:
    """Marketo skips it: said before anything is done."""
    lead = marketo.lead()
    await marketo.client.members.set_status(1101, lead, "Member")
    effect = await marketo.enrol(*PROGRAM, status="Won Back")
    said = await marketo.seen_and_done(effect, NOT_POSSIBLE)
    assert "Won Back comes after Member: no member goes back" in said.note


async def test_no_answer_to_the_undo_of_a_member(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*PROGRAM, status="Member")
    await marketo.done_then_dropped(effect, path=r"members/delete\.json")
    assert marketo.statuses() == {}


async def test_two_lists_of_one_run_are_told_apart(marketo: Marketo) -> None:
    marketo.lead()
    first, second = await marketo.enrol(*LIST), await marketo.enrol("static_list", "Customers")
    done = [await marketo.seen_and_done(each, newer=[second]) for each in (second, first)]
    again = [each.effect for each in done]
    await marketo.seen_and_done(again[1], newer=[again[0]])
    assert len(marketo.members()) == 1


async def test_a_requested_campaign_has_run(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*CAMPAIGN)
    assert "has run for the lead" in (await marketo.seen_and_done(effect, NOT_POSSIBLE)).note


# -- custom objects


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (EVENT, {"fields": {"kind": "churn", "mrr": 49}}),
        (SEAT, {"key_field": "keyDigest", "fields": {"seat": "7", "tool": "wiki"}}),
    ],
)
async def test_a_record_is_deleted_and_made_anew(
    marketo: Marketo, kind: tuple[str, str], given: dict[str, Any]
) -> None:
    marketo.lead()
    effect = await marketo.enrol(*kind, **given)
    held = marketo.records(kind[1])
    done = await marketo.seen_and_done(effect)
    assert marketo.records(kind[1]) == []
    anew = await marketo.seen_and_done(done.effect)
    assert marketo.records(kind[1]) == held
    await marketo.seen_and_done(anew.effect)
    assert marketo.records(kind[1]) == []


async def test_a_record_that_a_person_has_changed_stays(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*EVENT, fields={"kind": "churn", "mrr": 49})
    kind = await marketo.client.objects.describe(EVENT[1])
    await marketo.client.objects.update(kind, {"eventKey": "e:enrol", "mrr": 55})
    assert (await marketo.seen_and_done(effect, CHANGED)).left == ["mrr"]


async def test_fields_of_a_record_are_set_back(marketo: Marketo) -> None:
    marketo.lead()
    await marketo.enrol(*EVENT, fields={"kind": "churn", "mrr": 49})
    effect = await marketo.enrol(*EVENT, fields={"kind": "return", "mrr": 49})
    assert effect.action is Action.UPDATED
    done = await marketo.seen_and_done(effect)
    assert done.effect.after == {"kind": "churn"}
    assert marketo.records()[0]["kind"] == "churn"
    await marketo.seen_and_done(done.effect)
    assert marketo.records()[0]["kind"] == "return"


async def test_no_answer_to_the_undo_of_a_record(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*EVENT, fields={"kind": "churn"})
    await marketo.done_then_dropped(effect, path=r"customobjects/.*/delete\.json")
    assert marketo.records() == []
    assert (await marketo.undo(effect)).state is GONE


async def test_no_answer_to_what_makes_a_record_anew(marketo: Marketo) -> None:
    marketo.lead()
    done = await marketo.undo(await marketo.enrol(*EVENT, fields={"kind": "churn"}))
    anew = await marketo.done_then_dropped(done.effect, method="POST", path=r"customobjects/\w+\.json")
    assert anew.effect.after["kind"] == "churn"
    assert len(marketo.records()) == 1


async def test_a_record_that_cannot_be_told(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.enrol(*EVENT, fields={"kind": "churn"})
    unknown: list[dict[str, Any]] = [{"undo": {}}, {"undo": {"object": EVENT[1]}}]
    for lacks in unknown:
        await marketo.seen_and_done(effect.model_copy(update=lacks), NOT_POSSIBLE)
    await marketo.seen_and_done(effect.model_copy(update={"undo": {**effect.undo, "object": "none_c"}}), GONE)


async def test_what_is_not_known_is_not_possible(marketo: Marketo) -> None:
    marketo.lead()
    effect = await marketo.upsert(cmPlan="Team")
    unknown: list[dict[str, Any]] = [{"object_type": "webinar"}, {"object_id": None}]
    for lacks in unknown:
        await marketo.seen_and_done(effect.model_copy(update=lacks), NOT_POSSIBLE)
