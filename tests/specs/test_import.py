"""`mogulflow connector import` of the vendors' descriptions."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from models.connectors import Connector
from operations.connector_import import METHODS, Proposed, proposed
from tests.conftest import ROOT
from tests.specs.conftest import Description
from tests.specs.descriptions import INTERCOM, ORIGINS, RECURLY, XERO, Document

BEARER = {"kind": "bearer", "token": "A_TOKEN"}
BASIC = {"kind": "basic", "user": "A_USER", "password": "A_PASSWORD"}
REFRESHED = {
    "kind": "refresh_token",
    "token_url": "https://identity.xero.com/connect/token",
    "client_id": "A_CLIENT_ID",
    "client_secret": "A_CLIENT_SECRET",
    "refresh_token": "A_REFRESH_TOKEN",
}


def all_of(document: Document) -> list[Proposed]:
    """Path by path: there are more than one file takes."""
    return [proposed(document | {"paths": {path: item}}, "A") for path, item in document["paths"].items()]


@pytest.mark.parametrize("name", ORIGINS)
def test_each_operation_is_proposed(description: Description, name: str) -> None:
    document = description(name)
    there = sum(method in METHODS for item in document["paths"].values() for method in item)
    assert sum(len(each.content["operations"]) for each in all_of(document)) == there > 100


@pytest.mark.parametrize(
    ("name", "only", "base_url", "auth", "headers"),
    [
        (INTERCOM, "admins", "https://api.intercom.io", BEARER, {"Intercom-Version": "2.15"}),
        (RECURLY, "transactions", "https://v3.recurly.com", BASIC, None),
        (
            XERO,
            "currencies",
            "https://api.xero.com/api.xro/2.0",
            REFRESHED,
            {"xero-tenant-id": "{{ facts.xero_tenant_id }}"},
        ),
    ],
)
def test_how_it_is_called_is_proposed(
    description: Description, name: str, only: str, base_url: str, auth: dict[str, str], headers: Any
) -> None:
    content = proposed(description(name), "A", only).content
    assert (content["base_url"], content["auth"]) == (base_url, auth)
    assert all(each.get("headers") == headers for each in content["operations"].values())


def test_what_no_connector_can_send_is_said(description: Description) -> None:
    notes = [note for each in all_of(description(XERO)) for note in each.notes]
    assert sum("no connector can send its body, application/octet-stream" in note for note in notes) == 22


@pytest.mark.parametrize(("name", "only"), [(INTERCOM, "tags"), (RECURLY, "invoices"), (XERO, "invoices")])
def test_the_command_prints_a_file_that_can_be_used(tmp_path: Path, name: str, only: str) -> None:
    command = [sys.executable, "cli.py", "connector", "import", str(Path(os.environ["SPECS"]) / name)]
    made = subprocess.run(
        [*command, "--only", only, "--variable", "VENDOR"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    assert Connector.model_validate(YAML(typ="safe").load(made.stdout)).operations
    assert "say where" in made.stderr
