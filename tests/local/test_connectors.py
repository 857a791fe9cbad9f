"""Connectors of a machine without real systems reach none."""

from pathlib import Path

from configuration.connectors import load_connectors
from local.connectors import simulated_connectors
from local.stack import EXAMPLE_CONFIG

ANOTHER = """
title: Zażółć 🦊
base_url: https://api.acme.example/v2
auth:
  kind: client_credentials
  token_url: https://login.acme.example/token
  client_id: ACME_ID
  client_secret: ACME_SECRET
operations:
  find: {method: GET, path: /things}
"""


def test_each_leads_to_the_simulated_product_with_its_token(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "another.yaml").write_text(ANOTHER, encoding="utf-8")
    variables = simulated_connectors(tmp_path / "own", tmp_path / "ours", "http://127.0.0.1:1")
    assert variables == {"ACME_ID": "product-demo", "ACME_SECRET": "product-demo"}
    assert ".example" not in (tmp_path / "ours" / "another.yaml").read_text(encoding="utf-8")
    [connector] = load_connectors(tmp_path / "ours").values()
    assert connector.base_url == "http://127.0.0.1:1/connector/api"
    [written] = load_connectors(tmp_path / "own").values()
    assert connector.operations == written.operations
    assert connector.title == written.title


def test_those_of_an_earlier_time_are_gone(tmp_path: Path) -> None:
    simulated_connectors(EXAMPLE_CONFIG / "connectors", tmp_path / "ours", "http://127.0.0.1:1")
    assert simulated_connectors(tmp_path / "none", tmp_path / "ours", "http://127.0.0.1:1") == {}
    assert load_connectors(tmp_path / "ours") == {}
