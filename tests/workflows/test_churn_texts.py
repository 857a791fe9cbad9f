"""Days and owners, as churn save's texts have them."""

from datetime import date, datetime

import pytest

from models.salesforce import AccountOwner
from models.templates.churn_save import ChurnSaveInput
from tests.workflows.churn_facts import facts
from workflows.churn_save import texts as texts


def given(at: str, zone: str = "UTC", **task: object) -> ChurnSaveInput:
    instant = datetime.fromisoformat(at)
    event = facts().event.model_copy(update={"occurred_at": instant})
    return ChurnSaveInput.model_validate(
        {
            "event": event,
            "route": "test",
            "options": {"channel": "#saves", "task": task},
            "received_at": instant,
            "time_zone": zone,
        }
    )


@pytest.mark.parametrize(
    ("at", "zone", "due"),
    [
        ("2026-11-19T17:30:00-08:00", "America/Los_Angeles", date(2026, 11, 20)),  # Thursday to Friday
        ("2026-11-23T10:00:00+13:00", "Pacific/Auckland", date(2026, 11, 24)),  # Monday to Tuesday
        ("2026-11-20T23:30:00-08:00", "America/Los_Angeles", date(2026, 11, 23)),  # Friday to Monday
        ("2026-11-29T23:30:00+00:00", "Europe/Berlin", date(2026, 12, 1)),  # it is Monday there
        ("2026-11-29T23:30:00+00:00", "UTC", date(2026, 11, 30)),
        ("2026-11-29T23:30:00+00:00", "Atlantis/Capital", date(2026, 11, 30)),  # not known here: UTC
    ],
)
def test_due_is_the_next_working_day_after_the_day_there(at: str, zone: str, due: date) -> None:
    assert texts.due_date(given(at, zone)) == due


def test_holidays_there_are_no_working_days() -> None:
    at = "2026-12-24T23:30:00+00:00"  # in Berlin it is Christmas
    assert texts.due_date(given(at, "Europe/Berlin", holidays="DE")) == date(2026, 12, 28)
    assert texts.due_date(given(at, "UTC", holidays="US")) == date(2026, 12, 28)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "28 November 2026"), ("Europe/Berlin", "29 November 2026")]
)
def test_every_text_has_the_day_there(zone: str, day: str) -> None:
    late = given("2026-11-28T23:30:00+00:00", zone)
    ahead = late.model_copy(update={"received_at": datetime.fromisoformat("2026-11-01T00:00:00+00:00")})
    owner = AccountOwner(owner_name="Maya Okafor")
    assert f"cancelled on {day}" in texts.task_description(late, facts(), owner, "")
    assert f"Cancelled on {day}" in str(texts.alert_blocks(late, facts(), "", []))
    assert f"leaves {day}" in texts.task_subject(ahead, facts())
    assert f"leaves on {day}" in texts.alert_text(ahead, facts())


@pytest.mark.parametrize(
    ("owner", "line"),
    [
        (AccountOwner(owner_id="005", owner_name="Maya Okafor", found_by="the contact's e-mail"),
         "Maya Okafor, found by the contact's e-mail"),
        (AccountOwner(owner_id="005", owner_name="Maya Okafor"), "Maya Okafor"),
        (AccountOwner(owner_id="005", owner_name="RevOps", why_fallback="No account carries the id"),
         "No account carries the id, so the fallback owner has it"),
        (AccountOwner(why_fallback="No account carries the id, and no fallback owner is configured"),
         "No account carries the id, and no fallback owner is configured"),
    ],
)  # fmt: skip
def test_one_line_says_why_it_is_this_owner(owner: AccountOwner, line: str) -> None:
    assert f"\nOwner: {line}\n" in texts.task_description(
        given("2026-11-28T23:30:00+00:00"), facts(), owner, ""
    )
    field = texts.owner_field(owner, "<@U1>")
    reason = "found by the contact's e-mail" if owner.found_by else line
    assert field == ("<@U1>" if line == "Maya Okafor" else f"<@U1>\n{reason}")
