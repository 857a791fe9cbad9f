"""Intercom's stand-in: it searches as Intercom documents it, and refuses what Intercom refuses."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control

HEADERS = {"Authorization": "Bearer ic-demo", "Intercom-Version": "2.15", "Accept": "application/json"}
NOON, DAY = 1_700_049_600, 86_400  # 15 Nov 2023, 12:00 UTC
EMAIL = "ann@acme.example"


def contact(simulators: Control, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = simulators.ask("POST", "intercom/contacts", {"email": EMAIL, **given})
    return made


def ask(http: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return http.request(method, f"/intercom/api/{path}", json=body, headers=HEADERS | headers)


def found(http: httpx.Client, *filters: tuple[str, str, Any], group: str = "AND") -> set[str]:
    value = [{"field": f, "operator": o, "value": v} for f, o, v in (("email", "=", EMAIL), *filters)]
    answer = ask(http, "POST", "contacts/search", {"query": {"operator": group, "value": value}})
    assert answer.status_code == 200, answer.text
    return {each["external_id"] for each in answer.json()["data"]}


def test_dates_are_compared_by_the_day(simulators: Control, http: httpx.Client) -> None:
    for name, at in (
        ("before", NOON - DAY),
        ("early", NOON - 3600),
        ("late", NOON + 3600),
        ("after", NOON + DAY),
    ):
        contact(simulators, external_id=name, last_seen_at=at)
    assert found(http, ("last_seen_at", "=", NOON)) == {"early", "late"}
    assert found(http, ("last_seen_at", ">", NOON)) == {"after"}
    assert found(http, ("last_seen_at", "<", str(NOON))) == {"before"}


def test_text_is_compared_as_each_operator_says(simulators: Control, http: httpx.Client) -> None:
    contact(simulators, external_id="one", name="Ann Lee")
    contact(simulators, external_id="two", name="Bo Lind", role="lead")
    assert found(http, ("name", "^", "ann")) == found(http, ("name", "$", "LEE")) == {"one"}
    assert found(http, ("name", "~", "l")) == found(http, ("role", "IN", ["user", "lead"])) == {"one", "two"}
    assert found(http, ("name", "!~", "lee")) == found(http, ("role", "NIN", ["user"])) == {"two"}
    assert found(http, ("role", "!=", "lead")) == {"one"}
    assert found(http, ("external_id", "=", "nobody"), group="OR") == {"one", "two"}


def test_a_tag_is_searched_for_by_its_id(simulators: Control, http: httpx.Client) -> None:
    made, _ = contact(simulators, external_id="one"), contact(simulators, external_id="two")
    tag = ask(http, "POST", "tags", {"name": "VIP"}).json()["id"]
    assert ask(http, "POST", "tags", {"name": "vip"}).json() == {"type": "tag", "id": tag, "name": "VIP"}
    assert ask(http, "POST", f"contacts/{made['id']}/tags", {"id": tag}).status_code == 200
    assert found(http, ("tag_id", "=", tag)) == {"one"}
    assert found(http, ("tag_id", "!=", tag)) == {"two"}


@pytest.mark.parametrize(
    "query",
    [
        None,
        [],
        {"field": "shoe_size", "operator": "=", "value": 1},
        {"field": "created_at", "operator": ">=", "value": 1},
        {"field": "created_at", "operator": "=", "value": "yesterday"},
        {"field": "email", "operator": "IN", "value": EMAIL},
        {"field": "tag_id", "operator": "IN", "value": ["1"]},
        {"operator": "AND", "value": [{"field": "email", "operator": "=", "value": EMAIL}] * 16},
        {"operator": "AND", "value": [{"operator": "OR", "value": [{"operator": "AND", "value": []}]}]},
    ],
)
def test_a_search_that_is_wrong_is_refused(simulators: Control, http: httpx.Client, query: Any) -> None:
    answer = ask(http, "POST", "contacts/search", {"query": query})
    assert (answer.status_code, answer.json()["type"]) == (400, "error.list")
    assert answer.json()["errors"][0]["code"] == "parameter_invalid"


def test_headers_are_asked_for_and_say_what_is_left(simulators: Control, http: httpx.Client) -> None:
    left = ask(http, "GET", "me").headers
    assert left["X-RateLimit-Limit"] == "1667"
    assert int(left["X-RateLimit-Remaining"]) < 1667
    assert int(left["X-RateLimit-Reset"]) % 10 == 0
    for status, code, headers in (
        (401, "unauthorized", {"Authorization": "Bearer x"}),
        (400, "intercom_version_invalid", {"Intercom-Version": "1"}),
        (406, "media_type_not_acceptable", {"Accept": "text/html"}),
    ):
        answer = ask(http, "GET", "me", **headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert ask(http, "GET", "nothing").json()["errors"][0]["code"] == "not_found"
    assert ask(http, "POST", "tags", {"name": "x", "companies": [{"id": "?"}]}).status_code == 404


def test_a_body_of_another_sender_does_no_harm_on_the_page(simulators: Control, http: httpx.Client) -> None:
    made = contact(simulators)
    body = {
        "message_type": "inapp",
        "body": '<p onclick="x()">Hi <b>you</b> & <script>alert(1)</script><a href="javascript:x">go</a></p>',
        "from": {"type": "admin", "id": 991267},
        "to": {"type": "user", "id": made["id"]},
    }
    assert ask(http, "POST", "messages", body).json()["type"] == "admin_message"
    page = http.get(f"/intercom/a/apps/demo1ws/users/{made['id']}").text
    assert '<p>Hi <b>you</b> &amp; alert(1)<a href="">go</a></p>' in page
    assert "Maya Okafor" in http.get("/intercom/").text
