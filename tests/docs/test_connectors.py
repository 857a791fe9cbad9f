"""The page on connectors: its example can be read, and its route calls the simulated product."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.connector import ConnectorActivities
from clients.connector.clients import ConnectorClients
from clients.connector.settings import Connectors
from configuration.connectors import connectors_for
from configuration.files import load_routes
from dispatch.deliveries import CHARTMOGUL, Delivery, event_of
from dispatch.dispatcher import Dispatcher
from models.expressions import FILTERS
from models.runs import Outcome, RunResult
from models.templates.template import Installation
from models.undo import UndoState
from operations.connectors import tried
from settings import Settings
from simulators.connector.api import TOKEN
from simulators.kit.control import Control
from tests.activities.undo.taking_back import Steps
from tests.conftest import ROOT

PAGE = (ROOT / "docs/connectors.md").read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path, settings: Settings, simulators_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The page's two files, in a folder of their own, with the address of the simulated product."""
    connector, routes = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "connectors"
    folder.mkdir()
    address = f"{simulators_url}/connector/api"
    (folder / "my_product.yaml").write_text(connector.replace("https://api.example.com/v1", address))
    (tmp_path / "routes.yaml").write_text(routes.replace("new_biz", "churn"))
    monkeypatch.setenv("MY_PRODUCT_TOKEN", TOKEN)
    return settings.model_copy(
        update={
            "connector": Connectors(folder=folder, allowed_hosts="127.0.0.1"),
            "routes_file": str(tmp_path / "routes.yaml"),
        }
    )


async def test_the_example_does_what_the_page_says(
    own: Settings, client: Client, workers: None, simulators: Control
) -> None:
    routes = load_routes(own.routes_file)
    installation = Installation(connectors=connectors_for(routes, own))
    body = simulators.cancel(simulators.customers(case="account")[0].uuid, send=False)
    event = event_of(Delivery(CHARTMOGUL, "default", json.dumps(body).encode()))
    dispatcher = Dispatcher(client, routes, "", installation)
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    result = await client.get_workflow_handle(run.workflow_id, result_type=RunResult).result()
    assert (result.outcome, result.problems) == (Outcome.ACTED, [])
    [account] = simulators.ask("GET", "connector/accounts")
    [grant] = simulators.ask("GET", "connector/grants")
    assert (account["external_id"], grant["account"]) == (event.customer_uuid, account["id"])
    clients = ConnectorClients(own.connector, os.environ)
    steps = Steps(simulators, ConnectorActivities(clients), "connector")
    simulators.ask("PATCH", f"connector/accounts/{account['id']}", {"name": "Renamed"})
    made, granted = result.effects
    await steps.seen_and_done(granted)
    await steps.seen_and_done(made, UndoState.CHANGED_SINCE)
    simulators.ask("PATCH", f"connector/accounts/{account['id']}", {"name": account["name"]})
    await steps.seen_and_done(made)
    assert simulators.ask("GET", "connector/accounts") == simulators.ask("GET", "connector/grants") == []
    await clients.aclose()


async def test_a_try_shows_the_request_hides_the_secret_and_writes_nothing(
    own: Settings, simulators: Control
) -> None:
    values = {"event": {"customer_uuid": "cus_1"}, "facts": {"company": "Acme", "mrr": 4900}}
    shown = await tried(own, "my_product", "create_account", values, key="try", send=False)
    assert json.loads(shown.body) == {"name": "Acme", "external_id": "cus_1", "mrr": 49.0}
    assert shown.headers["Idempotency-Key"] == "try"
    assert TOKEN not in str(shown)
    assert simulators.ask("GET", "connector/accounts") == []
    sent = await tried(own, "my_product", "create_account", values, key="try", send=True)
    assert sent.answer
    assert sent.answer.status == 201
    assert len(simulators.ask("GET", "connector/accounts")) == 1


def test_the_filters_named_are_all_there_are() -> None:
    sentence = PAGE.split("the filters are ", 1)[1].split(". A field", 1)[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == FILTERS
