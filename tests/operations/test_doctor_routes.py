"""What `doctor` says of routes."""

import re
from pathlib import Path

from configuration.files import load_crm_mapping
from local.stack import EXAMPLE_CONFIG
from models.crm import CrmMapping, CrmName
from models.findings import State
from models.routes import Route, Routes
from operations.doctor.crm import records_made
from operations.doctor.routes import route_findings
from settings import Settings

TAG = {"system": "intercom", "tag": "at-risk"}


def test_a_route_that_names_a_system_that_is_off_is_named() -> None:
    options = {"channel": "#at-risk", "task": None, "tag": TAG}
    route = {"name": "risk", "template": "churn_risk", "when": {"movements": ["churn"]}, "options": options}
    routes = Routes.model_validate({"routes": [route]})
    settings = Settings.model_construct(chartmogul={}, intercom=None, routes_file="routes.yaml")
    found = [each for each in route_findings(settings, routes) if each.what == "route risk"]
    assert [(each.state, each.detail) for each in found] == [
        (State.WARNING, "it names Intercom, which is not connected: those steps are skipped")
    ]


def onboarding(**options: object) -> Route:
    given = {"channel": "#new", **options}
    route = {
        "name": "new",
        "template": "onboarding",
        "when": {"movements": ["new_biz"]},
        "options": given,
    }
    return Routes.model_validate({"routes": [route]}).routes[0]


def test_onboarding_without_create_with_is_warned_of_and_the_shipped_comments_are_the_cure(
    tmp_path: Path,
) -> None:
    shipped = EXAMPLE_CONFIG / "crm.yaml"
    [found] = records_made(onboarding(), load_crm_mapping(shipped))
    assert (found.state, found.what) == (State.WARNING, "route new")
    assert found.detail == "of a customer without a record none is made in Salesforce: Account, Contact"
    assert list(records_made(onboarding(crm=None), CrmMapping())) == []
    [unmapped] = records_made(onboarding(crm="hubspot"), CrmMapping())
    assert unmapped.detail.endswith("none is made in HubSpot: no object is mapped")
    cured = tmp_path / "crm.yaml"
    text = shipped.read_text(encoding="utf-8")
    cured.write_text(re.sub(r"# (?=create_with:)", "", text), encoding="utf-8")
    mapping = load_crm_mapping(cured)
    crms: tuple[CrmName, ...] = ("salesforce", "hubspot")
    for crm in crms:
        assert list(records_made(onboarding(crm=crm), mapping)) == []
        for name, each in mapping.objects(crm).items():
            assert each.create == "never"
            assert mapping.creating(crm, name).objects(crm)[name].create == "if_not_found"
