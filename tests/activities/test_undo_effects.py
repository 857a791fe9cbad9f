"""What becomes of each effect when its run is undone is stated: a new step that writes needs a row here."""

from enum import StrEnum
from typing import Any, cast, get_type_hints

import pytest
from temporalio.testing import ActivityEnvironment

import worker
from activities.definition import Bound
from activities.pauses import Pauses
from clients.kit.cooldown import Cooldowns
from models.connectors import Called
from models.effects import Action, Effect
from models.undo import Undoing, Undone, UndoState
from settings import Settings
from systems import Connections

CREATED, UPDATED = Action.CREATED, Action.UPDATED


class Back(StrEnum):
    """Each but NEVER where nobody has changed it since. ON_REQUEST: with `delete`, else it stays."""

    SET_BACK = "its fields, tags or places are as they were"
    CLOSED = "closed, or deleted on request"
    DELETED = "deleted"
    ON_REQUEST = "deleted on request alone"
    STRUCK = "struck through, with a reply"
    NAMED = "by the operation that the connector's file names"
    NEVER = "not possible, which is said before"


Row = tuple[str, str, Action, Back]

EFFECTS: list[Row] = [
    ("chartmogul.change_tags", "customer", UPDATED, Back.SET_BACK),
    ("chartmogul.set_attributes", "customer", UPDATED, Back.SET_BACK),
    ("chartmogul.save_customer", "customer", CREATED, Back.DELETED),
    ("chartmogul.save_customer", "customer", UPDATED, Back.SET_BACK),
    ("chartmogul.import_event", "subscription event", CREATED, Back.CLOSED),
    ("chartmogul.merge_customers", "customer merge", UPDATED, Back.SET_BACK),
    ("chartmogul.delete_customer", "customer deletion", UPDATED, Back.NEVER),
    ("chartmogul.correct_line", "line item", UPDATED, Back.SET_BACK),
    ("chartmogul.switch_invoice", "invoice", UPDATED, Back.SET_BACK),
    ("runs.watch_metric", "alert", CREATED, Back.DELETED),
    ("runs.watch_metric", "alert", UPDATED, Back.SET_BACK),
    ("connector.write", "as the file says", CREATED, Back.NAMED),
    ("connector.write", "as the file says", UPDATED, Back.NAMED),
    ("gong.log_interaction", "interaction", CREATED, Back.NEVER),
    ("hubspot.create_task", "task", CREATED, Back.CLOSED),
    ("hubspot.change_task", "task", UPDATED, Back.SET_BACK),
    ("hubspot.save_deal", "deal", CREATED, Back.CLOSED),
    ("hubspot.save_deal", "deal", UPDATED, Back.SET_BACK),
    ("hubspot.set_deal_amount", "deal", UPDATED, Back.SET_BACK),
    ("hubspot.sync_customer", "contacts", CREATED, Back.ON_REQUEST),
    ("hubspot.sync_customer", "contacts", UPDATED, Back.SET_BACK),
    ("hubspot.sync_customer", "companies", CREATED, Back.ON_REQUEST),
    ("hubspot.sync_customer", "companies", UPDATED, Back.SET_BACK),
    ("intercom.send_message", "message", CREATED, Back.NEVER),
    ("intercom.tag", "contact", UPDATED, Back.SET_BACK),
    ("intercom.tag", "company", UPDATED, Back.SET_BACK),
    ("marketo.upsert_lead", "lead", CREATED, Back.ON_REQUEST),
    ("marketo.upsert_lead", "lead", UPDATED, Back.SET_BACK),
    ("marketo.enrol", "list member", CREATED, Back.SET_BACK),
    ("marketo.enrol", "program member", CREATED, Back.SET_BACK),
    ("marketo.enrol", "program member", UPDATED, Back.SET_BACK),  # unless Marketo counts it as a step back
    ("marketo.enrol", "custom object", CREATED, Back.DELETED),
    ("marketo.enrol", "custom object", UPDATED, Back.SET_BACK),
    ("marketo.request_campaign", "campaign request", CREATED, Back.NEVER),
    ("salesforce.create_save_task", "Task", CREATED, Back.CLOSED),
    ("salesforce.record_task_outcome", "Task", UPDATED, Back.SET_BACK),
    ("salesforce.link_contact", "Contact", UPDATED, Back.SET_BACK),
    ("salesforce.save_opportunity", "Opportunity", CREATED, Back.CLOSED),
    ("salesforce.save_opportunity", "Opportunity", UPDATED, Back.SET_BACK),
    ("salesforce.set_opportunity_amount", "Opportunity", UPDATED, Back.SET_BACK),
    ("salesforce.post_note", "Task", CREATED, Back.DELETED),
    ("salesforce.post_note", "FeedItem", CREATED, Back.DELETED),
    ("salesforce.sync_customer", "Account", CREATED, Back.ON_REQUEST),
    ("salesforce.sync_customer", "Account", UPDATED, Back.SET_BACK),
    ("salesforce.sync_customer", "Contact", CREATED, Back.ON_REQUEST),
    ("salesforce.sync_customer", "Contact", UPDATED, Back.SET_BACK),
    ("slack.post_message", "message", CREATED, Back.STRUCK),
    ("slack.post_message", "direct message", CREATED, Back.STRUCK),
    ("slack.post_message", "reply", CREATED, Back.STRUCK),
    ("zendesk.tag", "user", UPDATED, Back.SET_BACK),
    ("zendesk.tag", "organization", UPDATED, Back.SET_BACK),
]

NO_EFFECTS = {
    "crm.sync": "the nightly sync of all customers: the next one sets all as ChartMogul has it",
    "warehouse.export_stream": "rows of ChartMogul's, which the next night brings again",
    "slack.update_message": "the record of a decision, which stands",
}
"""Steps that write, and whose runs are not undone."""


@pytest.fixture(scope="module")
def known() -> dict[str, Bound]:
    settings, nowhere = Settings.model_construct(), cast(Any, None)
    steps = worker.steps(Connections.of(settings), settings, nowhere, Pauses(Cooldowns(), {}))
    return {step.definition.name: step for step in steps}


def _gives_effects(step: Bound) -> bool:
    return get_type_hints(step).get("return") in (Effect, Called)


def test_every_step_that_gives_effects_has_a_row(known: dict[str, Bound]) -> None:
    giving = {name for name, step in known.items() if _gives_effects(step)}
    reads = {"connector.read"}  # of its kind is Called, without an effect
    assert giving - reads - NO_EFFECTS.keys() - {name for name, *_ in EFFECTS} == set()


def test_no_row_is_twice_or_of_a_preview() -> None:
    stated = [(name, object_type, action) for name, object_type, action, _ in EFFECTS]
    assert len(set(stated)) == len(stated)
    assert {action for *_, action in stated} <= {CREATED, UPDATED}


@pytest.mark.parametrize("row", [row for row in EFFECTS if row[-1] is Back.NEVER], ids=lambda row: row[0])
async def test_what_is_never_taken_back_is_said_without_a_call(known: dict[str, Bound], row: Row) -> None:
    """The clients here reach nobody."""
    name, object_type, action, _ = row
    assert name in known
    system = name.partition(".")[0]
    undo: Any = known[f"{system}.undo"]
    effect = Effect(system=system, object_type=object_type, action=action, key="e:1", object_id="1")
    said: Undone = await ActivityEnvironment().run(undo, Undoing(key="undo:1", effect=effect))
    assert said.state is UndoState.NOT_POSSIBLE
    assert said.note


@pytest.mark.parametrize("system", ["connector", "gong", "intercom", "marketo", "zendesk"])
def test_undo_looks_before_it_writes(known: dict[str, Bound], system: str) -> None:
    """Whether it is as the run left it: no key of the system's would tell."""
    definition = known[f"{system}.undo"].definition
    assert (definition.system, definition.looks_first) == (system, True)
