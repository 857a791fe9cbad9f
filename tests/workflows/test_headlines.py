"""One line on an event."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from models.attention import Outage
from models.event import EventSource
from models.events import MovementType, MrrMovement
from models.headlines import plan_from
from models.money import Money
from workflows.engine.run_log import MOST_STATED, bound_statements
from workflows.ops_watch.texts import Links, outage_text


def movement(name: str = "Acme Ltd", description: str = "cancelled their Team Monthly plan") -> MrrMovement:
    return MrrMovement(
        account="default",
        movement_type=MovementType.CHURN,
        occurred_at=datetime(2026, 5, 20, tzinfo=UTC),
        customer_uuid="cus_1",
        customer_name=name,
        amount=Money(cents=-25000, currency="USD"),
        description=description,
        source=EventSource.WEBHOOK,
    )


def test_the_summary_names_the_customer_and_the_headline_does_not() -> None:
    assert movement().summary == "Churn: Acme Ltd, −$250.00 MRR"
    assert movement().headline == "Churn −$250.00 MRR, Team Monthly"


@pytest.mark.parametrize(
    ("description", "plan"),
    [
        ("purchased the Team Monthly plan", "Team Monthly"),
        ("cancelled their Basic plan", "Basic"),
        ("reactivated an old account with Team Annual plan", "Team Annual"),
        ("switched plan from Business to Team", "Team"),
        ("something else entirely", ""),
        ("", ""),
    ],
)
def test_the_plan_is_read_from_chartmoguls_phrases(description: str, plan: str) -> None:
    assert plan_from(description) == plan


def test_both_fit_what_the_server_takes_whatever_the_text() -> None:
    monster = movement(name="🐘\n\x00" * 1000, description="cancelled their " + "計画\t" * 5000 + " plan")
    assert len(monster.summary.encode()) <= 400
    assert len(monster.headline) <= 255
    assert monster.summary.isprintable()


@pytest.mark.parametrize(
    ("description", "plan"),
    [
        ("cancelled their Team plan\n", "Team"),
        ("cancelled their Team plan\nand more", ""),
        ("to to \nwith Basic plan", "Basic"),
        ("cancelled their  plan", " plan"),
        ("to to to plan", "to to"),
    ],
)
def test_only_the_last_line_names_the_plan(description: str, plan: str) -> None:
    assert plan_from(description) == plan


PROGRAM = """
from models.headlines import plan_from
for text in ("to " * 80_000 + "\\n x", ("to " * 40 + "\\n") * 2_000, "to\\n" * 80_000, " " * 250_000):
    plan_from(text)
"""


def test_no_description_costs_more_than_its_length() -> None:
    """Tried again from each word it takes minutes, so that a generous limit tells the two apart."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)


def test_statements_of_a_movement_keep_the_first_and_the_latest() -> None:
    """By these two a scan finds the run; hundreds of others would fill its memo."""
    stated = ["churn 0 USD"]
    for n in range(1, 1_000):
        stated.append(f"churn {n} USD")
        bound_statements(stated)
    assert (stated[0], stated[-1]) == ("churn 0 USD", "churn 999 USD")
    assert len(stated) == MOST_STATED
    few = ["a", "b"]
    bound_statements(few)
    assert few == ["a", "b"]


def test_outage_says_what_the_waiting_runs_say() -> None:
    now = datetime(2026, 11, 29, tzinfo=UTC)
    why = "HubSpot says that its quota of calls is used up; this step goes on by itself"
    links = Links("http://127.0.0.1:8233", "default")
    outage = Outage(system="hubspot", since=now, count=3, most=3, why=why)
    assert f"The first of them says: {why}." in outage_text(outage, links)
    assert "says:" not in outage_text(outage.model_copy(update={"why": ""}), links)
    assert len(outage_text(outage.model_copy(update={"why": "<x " * 50_000}), links)) < 3_000
