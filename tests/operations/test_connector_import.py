"""A connector proposed from an OpenAPI description can be read, and says what a person has to see to."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.connectors import Connector
from operations.connector_import import MOST_OPERATIONS, proposed, read
from operations.errors import Stopped

KEY = {"name": "Idempotency-Key", "in": "header", "required": True}
ACCOUNT = {
    "required": ["name", "owner"],
    "properties": {
        "name": {"type": "string"},
        "owner": {"$ref": "#/components/schemas/Owner"},
        "note": {"type": "string"},
    },
}
OWNER = {
    "allOf": [{"required": ["mail"], "properties": {"mail": {}}}, {"properties": {"kind": {"enum": ["a"]}}}]
}
SPEC: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "A product"},
    "servers": [{"url": "https://{region}.example.com/v1/", "variables": {"region": {"default": "eu"}}}],
    "paths": {
        "/accounts": {
            "get": {"operationId": "listAccountsOfAUser", "parameters": [{"name": "limit", "in": "query"}]},
            "post": {
                "operationId": "createAccount",
                "summary": "Create\n an account",
                "parameters": [KEY],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Account"}}}
                },
                "responses": {"201": {}, "202": {}, "422": {}},
            },
        },
        "/accounts/{account-id}/users": {
            "parameters": [{"name": "version", "in": "header", "required": True, "schema": {"default": "2"}}],
            "post": {
                "requestBody": {
                    "content": {
                        "application/x-www-form-urlencoded": {
                            "schema": {"properties": {"id": {"readOnly": True}, "mail": {}}}
                        }
                    }
                }
            },
        },
    },
    "components": {
        "schemas": {"Account": ACCOUNT, "Owner": OWNER},
        "securitySchemes": {"it": {"type": "http", "scheme": "bearer"}},
    },
}


def test_what_it_proposes_is_a_connector() -> None:
    found = proposed(SPEC, "ACME")
    connector = Connector.model_validate(found.content)
    assert connector.base_url == "https://eu.example.com/v1"
    assert found.content["auth"] == {"kind": "bearer", "token": "ACME_TOKEN"}
    assert list(connector.operations) == [
        "list_accounts_of_a_user",
        "create_account",
        "post_accounts_account_id_users",
    ]
    assert found.content["operations"]["create_account"] == {
        "method": "POST",
        "path": "/accounts",
        "summary": "Create an account",
        "body": {"json": {"name": "{{ facts.name }}", "owner": {"mail": "{{ facts.mail }}"}}},
        "success": {"statuses": [201, 202]},
        "once": {"header": "Idempotency-Key"},
    }
    assert found.content["operations"]["post_accounts_account_id_users"] == {
        "method": "POST",
        "path": "/accounts/{{ facts.account_id }}/users",
        "headers": {"version": "2"},
        "body": {"form": {"mail": "{{ facts.mail }}"}},
    }


def test_it_says_what_it_cannot_know() -> None:
    assert proposed(SPEC, "ACME", "users").notes == [
        "post_accounts_account_id_users: say where account-id in its path come from",
        "post_accounts_account_id_users: is called at most once, unless you say how a repeat is known",
    ]


@pytest.mark.parametrize(
    ("schemes", "auth"),
    [
        ({"type": "http", "scheme": "basic"}, {"kind": "basic", "user": "A_USER", "password": "A_PASSWORD"}),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            {"kind": "header", "header": "X-Key", "value": "A_KEY"},
        ),
        (
            {"type": "apiKey", "in": "query", "name": "key"},
            {"kind": "query", "parameter": "key", "value": "A_KEY"},
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://x.example/t"}}},
            {
                "kind": "client_credentials",
                "token_url": "https://x.example/t",
                "client_id": "A_CLIENT_ID",
                "client_secret": "A_CLIENT_SECRET",
            },
        ),
        ({"type": "openIdConnect"}, {"kind": "none"}),
    ],
)
def test_how_it_signs_in(schemes: dict[str, Any], auth: dict[str, str]) -> None:
    spec = SPEC | {"components": {"securitySchemes": {"it": schemes}}}
    assert proposed(spec, "A", "list").content["auth"] == auth


def test_the_version_that_is_described_is_asked_for() -> None:
    """Also where a call may do without: Intercom then answers by the version in an app's settings."""
    version = {"name": "Acme-Version", "in": "header", "schema": {"$ref": "#/components/schemas/Version"}}
    colour = {"name": "Acme-Colour", "in": "header", "schema": {"default": "red"}}
    spec = {
        "paths": {"/x": {"get": {"parameters": [version, colour]}}},
        "components": {"schemas": {"Version": {"default": "2.15", "enum": ["1.0", "2.15"]}}},
    }
    assert proposed(spec, "A").content["operations"]["get_x"]["headers"] == {"Acme-Version": "2.15"}


def test_a_body_that_cannot_be_sent_is_said() -> None:
    body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "byte"}}}}
    found = proposed({"paths": {"/x": {"put": {"requestBody": body}}}}, "A")
    assert "body" not in found.content["operations"]["put_x"]
    assert found.notes == ["put_x: no connector can send its body, application/octet-stream"]


def test_older_descriptions_are_read_too() -> None:
    spec = {"swagger": "2.0", "host": "api.example.com", "basePath": "/v2", "paths": {"/x": {"get": {}}}}
    assert proposed(spec, "A").content["base_url"] == "https://api.example.com/v2"


def test_what_refers_to_itself_has_an_end() -> None:
    node = {"required": ["below"], "properties": {"below": {"$ref": "#/components/schemas/Node"}}}
    loop = {"$ref": "#/components/schemas/Loop"}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    spec = {
        "paths": {"/x": {"post": {"requestBody": body}, "put": {"requestBody": loop}}},
        "components": {"schemas": {"Node": node, "Loop": loop}},
    }
    assert len(proposed(spec, "A").content["operations"]) == 2


def test_none_and_too_many_are_refused() -> None:
    many: dict[str, Any] = {"paths": {f"/x{number}": {"get": {}} for number in range(MOST_OPERATIONS + 1)}}
    for spec, wanted in ((SPEC, "nothing"), (many, "")):
        with pytest.raises(Stopped, match="say with --only"):
            proposed(spec, "A", wanted)


@pytest.mark.parametrize("text", ["{", "[]", "paths: 3", "a: b"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(Stopped):
        read(tmp_path / "spec.yaml")


def test_json_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    assert read(tmp_path / "spec.json") == SPEC
