"""Each fault as a plain HTTP client sees it, and what was done all the same."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from simulators.kit import lists
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY, SLACK_TOKEN

POST = {"json": {"channel": "C0SAVES", "text": "hello"}}


def say(slack: httpx.Client) -> httpx.Response:
    return slack.post("chat.postMessage", **POST)  # type: ignore[arg-type]


def test_large_request_is_dropped_as_well(simulators: Control, slack: httpx.Client) -> None:
    simulators.fault("slack", "drop_before")
    with pytest.raises(httpx.RemoteProtocolError):
        slack.post("chat.postMessage", json={"text": "x" * 2_000_000})


def test_slow_is_done_first_and_answered_late(simulators: Control, slack: httpx.Client) -> None:
    simulators.fault("slack", "slow", delay_seconds=0.3)
    slack.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        say(slack)
    assert len(simulators.messages()) == 1
    simulators.fault("slack", "slow", delay_seconds=0.2)
    slack.timeout = httpx.Timeout(5)
    started = time.perf_counter()
    assert say(slack).json()["ok"] is True
    assert time.perf_counter() - started >= 0.2


def test_a_rule_for_words_reads_query_and_body(
    simulators: Control, slack: httpx.Client, salesforce: httpx.Client
) -> None:
    """And what is read is still there for who answers, or is dropped."""
    simulators.fault("slack", "drop_after", text="hel+o")
    slack.post("chat.postMessage", json={"channel": "C0SAVES", "text": "another"})
    with pytest.raises(httpx.RemoteProtocolError):
        say(slack)
    assert [each["text"] for each in simulators.messages()] == ["another", "hello"]
    simulators.fault("slack", "drop_before", text="hello")
    with pytest.raises(httpx.RemoteProtocolError):
        say(slack)
    assert len(simulators.messages()) == 2
    simulators.fault("salesforce", "status", text="FROM Task", status=503)
    for name, status in (("Account", 200), ("Task", 503)):
        assert salesforce.get("/query", params={"q": f"SELECT Id FROM {name}"}).status_code == status


@pytest.mark.parametrize(("status", "code"), [(403, "REQUEST_LIMIT_EXCEEDED"), (503, "SERVER_UNAVAILABLE")])
def test_salesforce_errors_are_lists(
    simulators: Control, salesforce: httpx.Client, status: int, code: str
) -> None:
    simulators.fault("salesforce", "status", status=status)
    answer = salesforce.get("/limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_chartmogul_errors(simulators: Control, chartmogul: httpx.Client) -> None:
    simulators.fault("chartmogul", "status", status=429)
    assert chartmogul.get("/ping").json()["code"] == 429
    simulators.fault("chartmogul", "status", status=504)
    assert chartmogul.get("/ping").text == "504 Gateway Timeout Error"


def test_expired_salesforce_token_stays_expired(simulators: Control, salesforce: httpx.Client) -> None:
    simulators.fault("salesforce", "expired_token", path="/limits")
    for _ in range(2):
        answer = salesforce.get("/limits")
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_rule_strikes_where_it_says(simulators: Control, slack: httpx.Client) -> None:
    rule = {"method": "post", "path": "^/api/chat", "times": 2, "skip": 1, "status": 500}
    simulators.fault("slack", "status", **rule)
    assert slack.get("conversations.list").status_code == 200
    assert [say(slack).status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert simulators.faults()[0].hits == 2


def test_rule_may_last_and_may_go(simulators: Control, slack: httpx.Client) -> None:
    rule = simulators.fault("slack", "status", times=None)
    assert {say(slack).status_code for _ in range(4)} == {429}
    simulators.remove_fault(rule.id)
    assert say(slack).status_code == 200


def test_probability_is_kept_and_repeatable(simulators: Control, slack: httpx.Client) -> None:
    def strikes() -> list[int]:
        simulators.reset(seed=7)
        simulators.fault("slack", "status", times=None, probability=0.5)
        return [slack.get("auth.test").status_code for _ in range(20)]

    first = strikes()
    assert set(first) == {200, 429}
    assert strikes() == first


@pytest.mark.parametrize("wrong", [{"path": "("}, {"probability": 2}, {"colour": "red"}])
def test_wrong_rule_is_refused(simulators: Control, wrong: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="422"):
        simulators.fault("slack", "status", **wrong)
    assert simulators.faults() == []


def test_pages_and_control_have_no_faults(simulators: Control, http: httpx.Client) -> None:
    for system in ("chartmogul", "salesforce", "slack"):
        simulators.fault(system, "drop_before", times=None)
    for page in ("/chartmogul/", "/salesforce/", "/slack/", "/faults"):
        assert http.get(page, follow_redirects=True).status_code == 200


def test_calls_are_logged_without_secrets(simulators: Control, slack: httpx.Client) -> None:
    simulators.fault("slack", "drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        say(slack)
    slack.get("conversations.info", params={"channel": "C0SAVES"})
    dropped, answered = simulators.calls("slack")
    assert (dropped.status, dropped.fault, dropped.path) == (None, "drop_after", "/api/chat.postMessage")
    assert (answered.status, answered.query) == (200, "channel=C0SAVES")
    assert SLACK_TOKEN not in f"{dropped}{answered}"


@pytest.mark.slow
def test_a_limit_on_calls_at_once_refuses_those_beyond_it(
    simulators: Control, salesforce: httpx.Client
) -> None:
    """As Salesforce words it. A refused call is not under way, and the limit frees by itself."""
    simulators.fault("salesforce", "status", at_once=2, times=None)
    simulators.fault("salesforce", "slow", times=None, delay_seconds=2)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: salesforce.get("limits"), range(4)))
    refused = [answer.json()[0] for answer in answers if answer.status_code == 403]
    assert {each["errorCode"] for each in refused} == {"REQUEST_LIMIT_EXCEEDED"}
    assert {each["message"] for each in refused} == {
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    }
    assert salesforce.get("limits").status_code == 200


def test_a_list_that_ends_too_early_and_a_page_that_comes_again(
    simulators: Control, http: httpx.Client
) -> None:
    """Whatever the vendor's way of saying that more follows."""
    simulators.reset(customers=12)

    def pages() -> list[list[str]]:
        found, cursor = list[list[str]](), ""
        while len(found) < 5:
            more = {"cursor": cursor} if cursor else {}
            query = {"per_page": "5", **more}
            said = http.get("/chartmogul/v1/customers", params=query, auth=(CHARTMOGUL_KEY, "")).json()
            found.append([each["uuid"] for each in said["entries"]])
            cursor = said["cursor"]
            if not said["has_more"]:
                break
        return found

    one, two, three = pages()
    simulators.fault("chartmogul", "list_ends", path="/customers$", skip=1)
    assert pages() == [one, two]
    simulators.fault("chartmogul", "page_again", path="/customers$", skip=1)
    assert pages() == [one, one, three]
    assert pages() == [one, two, three]


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ({"has_more": True, "data": [1]}, {"has_more": False, "data": [1]}),
        ({"list": [1], "next_offset": "2"}, {"list": [1]}),
        ({"has_more": True, "next": "/2", "data": []}, {"has_more": False, "next": None, "data": []}),
        (
            {"pagination": {"page": 1, "pageCount": 3, "itemCount": 9}, "Invoices": [1]},
            {"pagination": {"page": 1, "pageCount": 1, "itemCount": 9}, "Invoices": [1]},
        ),
        ({"QueryResponse": {"Invoice": [1, 2]}}, {"QueryResponse": {"Invoice": [1]}}),
    ],
)
def test_each_vendors_list_ends_in_its_own_way(said: dict[str, Any], ends: dict[str, Any]) -> None:
    assert lists.ended(said) == ends
