"""What no machine ever does at month end, tried by every door: the command, the tools of agents, and a change
that somebody starts past both."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from temporalio.client import WorkflowUpdateFailedError

from ingress.agents.tools import TOOLS
from models.changes import (
    AnyChange,
    ChangeState,
    Correction,
    InvoiceSwitch,
    LineEdit,
    LineFields,
    MonthCorrection,
)
from models.templates.reconciliation import HoldMonth, Propose, Sign
from operations import changes
from operations.errors import Stopped
from operations.reconciliation import corrections
from operations.undo import Wish, undo
from simulators.kit.control import Control
from tests.workflows import closing
from tests.workflows.changing import ALLOW, asks, change_of
from tests.workflows.closing import ANA, BEN, CORRECTED, PERIOD, Month, refusal
from workflows.change.parts import parts_of

final = closing.final
BOOKS = ("stripe", "chargebee", "recurly", "quickbooks", "xero")

KINDS: dict[str, dict[str, Any]] = {
    "delete a data source": {"kind": "data_source", "data_source_uuid": "ds_1"},
    "delete all data of a source": {"kind": "data_source", "data_source_uuid": "ds_1", "data_only": True},
    "change an amount in billing": {"kind": "billing", "system": "stripe", "id": "in_1", "amount": 1},
    "refund in billing": {"kind": "refund", "system": "chargebee", "id": "txn_1"},
    "write a credit note in billing": {"kind": "credit_note", "system": "recurly", "id": "1"},
    "change a subscription in billing": {"kind": "subscription", "system": "stripe", "id": "sub_1"},
    "change a coupon in billing": {"kind": "coupon", "system": "stripe", "id": "co_1"},
    "post in QuickBooks": {"kind": "document", "system": "quickbooks", "number": "1001"},
    "void in Xero": {"kind": "void", "system": "xero", "number": "INV-1"},
    "change a rule": {"kind": "rule", "cause": "TAX_INCLUDED"},
    "change a tolerance": {"kind": "tolerance", "minor": 10_000},
    "add a line that balances": {"kind": "line", "invoice_uuid": "inv_1", "fields": {"amount_in_cents": 1}},
}
"""By what is never done, the edit that would ask for it."""

FIELDS: dict[str, dict[str, Any]] = {
    "an amount": {"amount_in_cents": 1},
    "a discount": {"discount_amount_in_cents": 1},
    "a quantity": {"quantity": 2},
    "a plan": {"plan_uuid": "pl_1"},
    "the period": {"service_period_start": "2026-10-01T00:00:00Z"},
    "a line that is no user's edit": {"prorated": True, "handle_as_user_edit": False},
    "a one-time line made recurring": {"type": "subscription"},
}


def as_change(edit: dict[str, Any]) -> dict[str, Any]:
    correction = {
        "finding": "0" * 16,
        "step": 1,
        "customer_uuid": "cus_1",
        "row": [],
        "currency": "USD",
        "difference": 100,
        "predicted": 0,
        "said": "a plug",
    }
    return {"kind": "correct_month", "period": PERIOD, "corrections": [{**correction, "edit": edit}]}


def test_the_form_of_a_change_itself_is_accepted() -> None:
    """Else what follows would be refused for another reason."""
    line = {"kind": "line", "line_uuid": "li_1", "fields": {"prorated": True}}
    taken = TypeAdapter[Any](AnyChange).validate_python(as_change(line))
    assert isinstance(taken, MonthCorrection)


@pytest.mark.parametrize("name", KINDS)
def test_no_change_can_say_it(name: str) -> None:
    any_change = TypeAdapter[Any](AnyChange)
    with pytest.raises(ValidationError):
        any_change.validate_python(as_change(KINDS[name]))
    with pytest.raises(ValidationError):
        any_change.validate_python(KINDS[name])


@pytest.mark.parametrize("name", FIELDS)
def test_no_correction_of_a_line_has(name: str) -> None:
    edit = {"kind": "line", "line_uuid": "li_1", "fields": FIELDS[name]}
    with pytest.raises(ValidationError):
        TypeAdapter[Any](AnyChange).validate_python(as_change(edit))


def test_every_write_of_a_correction_is_one_of_chartmogul() -> None:
    edits = [
        LineEdit(line_uuid="li_1", fields=LineFields(prorated=True)),
        InvoiceSwitch(invoice_uuid="inv_1"),
    ]
    given = TypeAdapter[Any](AnyChange).validate_python(as_change(edits[0].model_dump()))
    own = [given.corrections[0].model_copy(update={"edit": each}) for each in edits]
    parts = parts_of(change_of(MonthCorrection(period=PERIOD, corrections=own)))
    names = [part.activity.__temporal_activity_definition.name for part in parts]
    assert names == ["chartmogul.correct_line", "chartmogul.switch_invoice"]


def test_no_tool_of_agents_corrects_a_month_or_reaches_billing_and_books() -> None:
    names = {tool.name for tool in TOOLS}
    assert names.isdisjoint({"correct_month", "reconcile", "propose"})
    words = (*BOOKS, "correct", "reconcil", "data_source_delete", "line_item", "invoice", "refund", "coupon")
    assert [(name, word) for name in names for word in words if word in name] == []


# -- a change that is started past the command


async def started(final: Month, own: list[Correction], rule: Any, **more: Any) -> str:
    change = MonthCorrection(period=PERIOD, corrections=own)
    return (await changes.ask(final.client, change_of(change, rule, **more), seconds=30)).run_id


def tax(minor: int) -> Callable[[Correction], Correction]:
    def plug(of: Correction) -> Correction:
        assert isinstance(of.edit, LineEdit)
        edit = of.edit.model_copy(update={"fields": LineFields(tax_amount_in_cents=minor)})
        return of.model_copy(update={"edit": edit})

    return plug


FORGED: dict[str, Callable[[Correction], Correction]] = {
    "a plug line: a tax that balances": tax(1_234),
    "another line": lambda of: of.model_copy(
        update={"edit": LineEdit(line_uuid="li_other", fields=LineFields())}
    ),
    "another tolerance: another difference predicted": lambda of: of.model_copy(update={"predicted": 100}),
    "another row is looked at": lambda of: of.model_copy(update={"row": ["none"]}),
}


async def proposed(final: Month) -> list[Correction]:
    await final.propose("tax-included")
    return [each for each in await final.proposable() if each.said.startswith("tax-included")]


async def test_what_the_month_has_not_proposed_is_written_by_nobody(final: Month) -> None:
    await final.opened()
    [real] = await proposed(final)
    for name, forge in FORGED.items():
        forged = forge(real)
        assert forged != real, name
        held = HoldMonth(
            account="default", period=PERIOD, change="change/x", corrections=[forged.digest], agreed=[BEN]
        )
        assert await refusal(final.run, "hold", held) == "not_proposed", name
    run = await started(final, [FORGED["a plug line: a tax that balances"](real)], asks())
    state = await changes.state_of(final.client, run, 10)
    done = await final.decided(state)
    assert (done.status, done.effects) == (ChangeState.FAILED, [])
    assert "nothing that was proposed" in done.message
    assert not final.writes()


async def test_a_rule_that_allows_it_writes_nothing(final: Month) -> None:
    """A policy's line can't, and neither can who starts the change by hand."""
    await final.opened()
    own = await proposed(final)
    run = await started(final, own, ALLOW)
    done = await changes.state_of(final.client, run, 60)
    assert (done.status, done.effects) == (ChangeState.FAILED, [])
    assert "Nobody but who proposed it has agreed" in done.message
    assert not final.writes()


async def test_who_proposed_does_not_agree_under_another_name_of_the_change(final: Month) -> None:
    await final.opened()
    run = await started(final, await proposed(final), asks())
    done = await final.decided(await changes.state_of(final.client, run, 10), who=ANA)
    assert (done.status, done.effects) == (ChangeState.FAILED, [])
    assert not final.writes()


async def test_a_signed_month_is_closed_to_each_door(final: Month) -> None:
    now = await final.opened()
    assert now.pack
    own = await proposed(final)
    wish = Sign(id="1", preparer="cleo@mogulflow.example", reviewer=BEN, pack=now.pack.sha256, comment="7.11")
    await final.run.execute_update("sign_off", wish)
    await final.run.result()
    with pytest.raises(Stopped, match="It is over"):
        await corrections.propose(final.settings, "default", PERIOD, [own[0].finding], "as reconciled")
    for rule in (ALLOW, asks()):
        run = await started(final, own, rule, digest=f"signed-{rule.then}")
        state = await changes.state_of(final.client, run, 30)
        done = await final.decided(state) if state.status is ChangeState.NEEDS_APPROVAL else state
        assert (done.status, done.effects) == (ChangeState.FAILED, []), rule
    assert not final.writes()


async def test_what_corrected_a_month_is_not_taken_back_once_it_is_signed(final: Month) -> None:
    before = await final.opened()
    assert before.pack
    done = await final.decided(await final.propose("tax-included"))
    now = await final.opened(but=before.pack.sha256)
    assert now.pack
    wish = Sign(id="1", preparer="cleo@mogulflow.example", reviewer=BEN, pack=now.pack.sha256, comment="7.11")
    await final.run.execute_update("sign_off", wish)
    await final.run.result()
    written = len(final.writes())
    undone = await undo(final.settings, Wish(done.run_id, "not after all"), dry_run=False)
    undone = await changes.state_of(final.client, undone.run_id, 60)
    assert (undone.status, undone.effects) == (ChangeState.FAILED, [])
    assert "nothing is corrected in it any more" in undone.message
    assert len(final.writes()) == written


async def test_the_rules_of_a_month_under_way_are_those_that_it_began_with(final: Month) -> None:
    """No update or signal takes others: a new version is another run's."""
    now = await final.opened()
    for name in ("rules", "set_rules", "tolerance"):
        with pytest.raises(WorkflowUpdateFailedError):
            await final.run.execute_update(name, {"tolerance": 10_000})
    assert (await final.state()).rules_version == now.rules_version


async def test_billing_and_books_are_read_alone(final: Month, simulators: Control) -> None:
    """From the first reading to the last correction."""
    before = await final.opened()
    assert before.pack
    await final.decided(await final.propose(*CORRECTED))
    await final.opened(but=before.pack.sha256)
    wrote = [
        (system, each.method, each.path)
        for system in ("stripe", "chargebee", "recurly")
        for each in simulators.calls(system)
        if each.method not in ("GET", "HEAD")
    ]
    assert wrote == []
    by_hand = [each for each in simulators.calls("chartmogul") if each.method == "PATCH"]
    assert by_hand
    assert {each.method for each in simulators.calls("chartmogul")} <= {"GET", "PATCH"}


async def test_what_is_no_finding_is_not_proposed(final: Month) -> None:
    """A look at the findings alone makes nobody a proposer, and offers nothing to write."""
    await final.opened()
    [own] = [each for each in await final.proposable() if each.said.startswith("tax-included")]
    held = HoldMonth(
        account="default", period=PERIOD, change="change/x", corrections=[own.digest], agreed=[BEN]
    )
    assert await refusal(final.run, "hold", held) == "not_proposed"
    await final.run.execute_update("propose", Propose(id="9", who=ANA, findings=[own.finding]))
    await final.run.execute_update("hold", held)
