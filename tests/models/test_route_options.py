"""What a route names, in which system, and what is skipped where that is off."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.routes import Routes
from models.templates.template import Names, RouteOptions

CHANNEL = "#at-risk"


def options(template: str, movement: str, **given: Any) -> RouteOptions:
    route = {"name": "test", "template": template, "when": {"movements": [movement]}}
    routes = Routes.model_validate({"routes": [route | {"options": {"channel": CHANNEL} | given}]})
    return routes.routes[0].options


@pytest.mark.parametrize(
    ("system", "user", "nobody"),
    [
        ("salesforce", Names.SALESFORCE_USER, Names.HUBSPOT_USER),
        ("hubspot", Names.HUBSPOT_USER, Names.SALESFORCE_USER),
    ],
)
def test_people_who_get_a_task_are_users_of_its_system(system: str, user: Names, nobody: Names) -> None:
    task = {"system": system, "fallback_owner": "ann@example.com"}
    risk = options("churn_risk", "churn", task=task, owner={"rotation": ["bob@example.com"]})
    assert sorted(risk.named(user)) == ["ann@example.com", "bob@example.com"]
    assert risk.named(nobody) == []


def test_who_sells_is_a_user_of_the_system_that_it_is_sold_in() -> None:
    deal = {"stage": "Won", "fallback_owner": "ann@example.com"}
    expansion = options("expansion", "expansion", deal=deal)
    assert expansion.named(Names.HUBSPOT_USER) == ["ann@example.com"]
    assert expansion.named(Names.SALESFORCE_USER) == []


def test_systems_without_which_something_is_skipped() -> None:
    tag = {"system": "zendesk", "tag": "at-risk"}
    assert options("churn_risk", "churn", tag=tag).needs() == {"salesforce", "zendesk"}
    assert options("churn_risk", "churn", task=None).needs() == set()
    sale = {"stage": "Won"}
    assert options("expansion", "expansion", deal=sale, log_in="note").needs() == {"hubspot", "salesforce"}
    marketo = {"static_list": "Onboarding"}
    assert options("onboarding", "new_biz", crm=None, marketo=marketo).needs() == {"marketo"}


def test_fields_of_a_task_in_hubspot_are_refused() -> None:
    with pytest.raises(ValidationError, match="Salesforce alone"):
        options("churn_risk", "churn", task={"system": "hubspot", "fields": {"Type": "Call"}})
