"""What `doctor` says of routes."""

from models.findings import State
from models.routes import Routes
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
