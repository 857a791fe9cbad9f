"""deploy/slack/manifest.yaml: of the shape that Slack documents, with the scopes that our calls need."""

import re
from typing import Any

from ruamel.yaml import YAML

from clients.slack.scopes import OF_CLICKS, TO_CHANNELS, TO_PEOPLE
from ingress.slack.route import PATH
from local.stack import ROOT

MANIFEST: dict[str, Any] = YAML(typ="safe").load(ROOT / "deploy/slack/manifest.yaml")
SCOPES = {
    "auth.test": set[str](),
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.list": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "users.conversations": {"channels:read", "groups:read"},
    "users.info": {"users:read", "users:read.email"},
    "users.lookupByEmail": {"users:read", "users:read.email"},
}
"""What Slack's page of each method names for a bot token, in channels that are public or private,
and to a person."""


def called() -> set[str]:
    text = "".join(file.read_text() for file in (ROOT / "clients/slack").glob("*.py"))
    by_name = re.findall(r'"((?:auth|chat|conversations|users)\.\w+)"', text)
    by_method = re.findall(r"\.((?:auth|chat|conversations|users)_\w+)", text)
    return {*by_name, *(name.replace("_", ".", 1) for name in by_method)}


def test_the_scopes_are_those_that_our_calls_need() -> None:
    needed = set[str]().union(*(SCOPES[name] for name in called()))
    assert needed
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed == TO_CHANNELS | TO_PEOPLE | OF_CLICKS


def test_the_scopes_are_those_that_the_guide_names() -> None:
    guide = (ROOT / "docs/running.md").read_text(encoding="utf-8")
    paragraph = guide[guide.index("**Slack.**") : guide.index("**HubSpot**")]
    named = set(re.findall(r"`((?:chat|channels|groups|im|users):[\w.]+)`", paragraph))
    assert named == set(MANIFEST["oauth_config"]["scopes"]["bot"])


def test_the_shape_is_the_one_that_slack_documents() -> None:
    """https://docs.slack.dev/reference/app-manifest: fields, and lengths of names."""
    allowed = {
        "display_information": {"name", "description", "long_description", "background_color"},
        "features": {"bot_user", "app_home"},
        "oauth_config": {"scopes"},
        "settings": {
            "interactivity", "org_deploy_enabled", "socket_mode_enabled", "token_rotation_enabled",
        },
    }  # fmt: skip
    assert {part: set(MANIFEST[part]) <= allowed[part] for part in MANIFEST} == dict.fromkeys(allowed, True)
    shown = MANIFEST["display_information"]
    assert 0 < len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert re.fullmatch("#([0-9a-f]{3}){1,2}", shown["background_color"])
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"], "else nobody gets a direct message"
    interactivity = MANIFEST["settings"]["interactivity"]
    assert set(interactivity) <= {"is_enabled", "request_url", "message_menu_options_url"}
    assert interactivity["request_url"].endswith(PATH)
    assert set(MANIFEST["features"]["bot_user"]) == {"display_name", "always_online"}
    assert re.fullmatch(r"[\w. -]{1,80}", MANIFEST["features"]["bot_user"]["display_name"])
