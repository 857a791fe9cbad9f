"""A route that another one leaves nothing is named, with that other one, and so is one that gets a part."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import MrrMovement
from models.reach import Lost, lost_movements
from models.routes import Routes

ALL = ["churn", "contraction"]


def routes(*given: dict[str, Any]) -> Routes:
    """By default each is of the same template and takes churn of any size."""
    defaults = {"template": "customer_sync", "options": {}}
    numbered = (
        defaults | {"name": f"r{place}", "when": {"movements": ["churn"]} | each.pop("when", {})} | each
        for place, each in enumerate(given, start=1)
    )
    return Routes.model_validate({"routes": list(numbered)})


def when(**wish: Any) -> dict[str, Any]:
    return {"when": wish}


BEFORE = "route r1 stands before it and takes"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ((when(), when(minimum_mrr=500)), f"is never reached: {BEFORE} every movement that it asks for"),
        ((when(), when()), f"is never reached: {BEFORE} every movement"),
        ((when(minimum_mrr=500), when(minimum_mrr="500.00")), f"is never reached: {BEFORE}"),
        ((when(movements=ALL), when()), f"is never reached: {BEFORE}"),
        ((when(), when(accounts=["europe"])), f"is never reached: {BEFORE}"),
        ((when(accounts=["us", "europe"]), when(accounts=["europe"])), f"is never reached: {BEFORE}"),
        (
            (when(accounts=["europe"]), when(accounts=["us"]), when(accounts=["us", "europe"])),
            "is never reached: routes r1, r2 stand before it and take every movement",
        ),
        (
            (when(), when(movements=["contraction"]), when(movements=ALL, minimum_mrr=5)),
            "is never reached: routes r1, r2 stand before it",
        ),
        (({"mode": "preview"}, {}), "r1 in preview: nothing is written for them"),
        ((when(), when(movements=ALL)), f"gets no churn movement: {BEFORE} them all"),
        (
            (when(accounts=["us"]), when(accounts=["us", "eu"])),
            f"gets nothing of account us: {BEFORE} all of it",
        ),
    ],
)
def test_what_a_route_never_gets_is_said_with_who_takes_it(file: Any, text: str) -> None:
    found = [each for each in lost_movements(routes(*file)) if not each.as_meant]
    assert [each.route for each in found] == [f"r{len(file)}"]
    assert text in found[0].text


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            (when(minimum_mrr=500), when()),
            "gets what is left: route r1, before it, takes churn of 500 or more",
        ),
        (
            (when(accounts=["us"]), when()),
            "gets what is left: route r1, before it, takes churn of account us",
        ),
        (
            (when(minimum_mrr=500, accounts=["us"]), when(minimum_mrr=100)),
            "route r1, before it, takes churn of account us of 500 or more",
        ),
    ],
)
def test_special_cases_before_general_ones_are_no_fault(file: Any, text: str) -> None:
    [found] = lost_movements(routes(*file))
    assert found == Lost(
        "r2", text if text.startswith("gets") else f"gets what is left: {text}", as_meant=True
    )


@pytest.mark.parametrize(
    "file",
    [
        (when(), {"template": "churn_save", "options": {"channel": "#saves"}}),
        (when(), when(movements=["contraction"])),
        (when(accounts=["us"]), when(accounts=["europe"])),
        (when(),),
        (),
    ],
)
def test_routes_that_do_not_meet_are_silent(file: Any) -> None:
    assert not lost_movements(routes(*file))


def test_where_the_accounts_are_known_there_are_no_others() -> None:
    file = routes(when(accounts=["default"]), when())
    assert lost_movements(file)[0].as_meant
    [found] = lost_movements(file, ["default"])
    assert "is never reached" in found.text
    assert lost_movements(file, ["default", "europe"])[0].as_meant


FILTERS = st.fixed_dictionaries(
    {
        "movements": st.lists(st.sampled_from(ALL), min_size=1, unique=True),
        "minimum_mrr": st.sampled_from([0, 10, 20]),
        "accounts": st.lists(st.sampled_from(["us", "europe"]), unique=True),
    }
)


@given(st.lists(FILTERS, max_size=5))
def test_never_reached_is_what_no_movement_reaches(filters: list[dict[str, Any]]) -> None:
    """Against every movement there can be, put through the routes themselves."""
    file = routes(*(when(**each) for each in filters))
    reached = set()
    for kind, account, mrr in itertools.product(ALL, ["us", "europe", "another"], [0, 10, 20]):
        event = MrrMovement.model_validate(
            {
                "account": account, "movement_type": kind, "occurred_at": "2026-11-20T10:00:00Z",
                "customer_uuid": "cus_1", "amount": {"cents": int(Decimal(mrr) * 100), "currency": "USD"},
                "source": "webhook",
            }
        )  # fmt: skip
        reached |= {route.name for route in file.matching(event)}
    never = {each.route for each in lost_movements(file) if "never reached" in each.text}
    assert never == {route.name for route in file.routes} - reached
