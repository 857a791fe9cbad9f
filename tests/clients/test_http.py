"""Every status code and every Retry-After means one thing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel

from clients.kit.errors import (
    Ambiguous,
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.kit.http import (
    LONGEST_WAIT,
    Call,
    brief,
    error_for,
    parsed,
    proxy_for,
    says_it_passes,
    unclear,
    wait_named_by,
)

READ = Call("slack", "read 42")
WRITE = Call("slack", "save 42", writes=True)


@pytest.mark.parametrize(
    ("status", "of_a_read", "of_a_write"),
    [
        (300, Ambiguous, Ambiguous),
        (302, Unavailable, Unavailable),
        (307, Unavailable, Unavailable),
        (400, Rejected, Rejected),
        (401, Unauthorized, Unauthorized),
        (402, Rejected, Rejected),
        (403, Unauthorized, Unauthorized),
        (404, NotFound, NotFound),
        (408, Unavailable, OutcomeUnknown),
        (409, Rejected, Rejected),
        (410, Rejected, Rejected),
        (422, Rejected, Rejected),
        (429, RateLimited, RateLimited),
        (500, Unavailable, OutcomeUnknown),
        (503, Unavailable, OutcomeUnknown),
        (524, Unavailable, OutcomeUnknown),
    ],
)
def test_status_decides_the_kind(
    status: int, of_a_read: type[IntegrationError], of_a_write: type[IntegrationError]
) -> None:
    assert type(error_for(READ, status)) is of_a_read
    assert type(error_for(WRITE, status)) is of_a_write


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 407, 409, 410, 422, 451, 500])
def test_answer_that_is_not_the_vendors_says_nothing(status: int) -> None:
    """An edge server's page, of whatever status: the credential is not to blame."""
    for call, kind in ((READ, Unavailable), (WRITE, OutcomeUnknown)):
        error = error_for(call, status, explained=False)
        assert type(error) is kind
        assert "credential" not in str(error)


def test_vendors_words_outweigh_the_status() -> None:
    assert type(error_for(READ, 400, "TRY_LATER", passes=True)) is Unavailable
    assert type(error_for(READ, 429, explained=False)) is RateLimited


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("Your request failed. Please retry your request.", True),
        ("Service is temporarily unavailable", True),
        ("We are down for maintenance", True),
        ("Try again in a few minutes", True),
        ("Subject: required", False),
        ("No valid API key provided", False),
        ("", False),
    ],
)
def test_words_that_ask_to_try_again(text: str, passes: bool) -> None:
    assert says_it_passes(text) is passes


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("-1e300", timedelta(0)),
        ("1e300", LONGEST_WAIT),
        ("7", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("9" * 40, LONGEST_WAIT),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(0)),
        ("Wed, 21 Oct 99999999999999 07:28:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 -99999999999", None),
    ],
)
def test_retry_after_is_read(header: str | None, wait: timedelta | None) -> None:
    assert wait_named_by(header) == wait


def test_retry_after_may_be_a_date() -> None:
    wait = wait_named_by(format_datetime(datetime.now(UTC) + timedelta(seconds=90)))
    assert wait is not None
    assert timedelta(seconds=80) < wait <= timedelta(seconds=90)


@pytest.mark.parametrize("status", [429, 503])
def test_named_wait_stays_with_the_error(status: int) -> None:
    error = error_for(WRITE, status, retry_after="7")
    assert isinstance(error, RateLimited | OutcomeUnknown)
    assert error.retry_after == timedelta(seconds=7)


def test_write_that_never_left_did_nothing() -> None:
    assert type(unclear(WRITE, "refused", left=False)) is Unavailable


def test_permanent_error_says_what_on_what_and_what_to_do() -> None:
    message = str(error_for(WRITE, 422, "Subject is missing."))
    assert message == (
        "Could not save 42: Subject is missing (HTTP 422). Correct the fields or the rule named here."
    )


def test_vendors_text_is_cut_and_without_addresses() -> None:
    text = brief("no\nsuch  user: Ann <ann.lee+x@acme.example> " + "x" * 1000)
    assert text.startswith("no such user: Ann <[e-mail]> x")
    assert len(text) == 300


class _Body(BaseModel):
    cents: int


def test_answer_of_another_shape_names_the_field_and_no_value() -> None:
    with pytest.raises(Rejected, match="cents: Input should be a valid integer") as caught:
        parsed(READ, _Body, {"cents": "ann@acme.example"})
    assert "ann@" not in str(caught.value)
    with pytest.raises(OutcomeUnknown):
        parsed(WRITE, _Body, [])


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://plain:1"}, None),
        ({"HTTPS_PROXY": "http://ann:word@proxy:1", "ALL_PROXY": "http://all:1"}, "http://ann:word@proxy:1"),
        ({"ALL_PROXY": "all:1"}, "http://all:1"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "acme.example"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "127.0.0.1,other.example"}, "http://proxy:1"),
    ],
)
def test_proxy_is_the_one_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for("https://api.acme.example/v1") == proxy


@pytest.mark.parametrize(
    "text", ["x" * 2_000_000, "x@" * 500_000, "a.b" * 500_000 + "@", "<" + "é" * 1_000_000]
)
def test_a_vendors_text_of_any_length_is_read_once(text: str) -> None:
    """Begun anew at each letter, the first one alone would take an hour."""
    assert len(brief(text)) <= 300


def test_an_address_is_removed_also_where_it_is_long_or_far_behind() -> None:
    assert brief("x" * 100_000 + "@acme.example") == "[e-mail]"
    assert "ann@" not in brief("zoe@acme.example " * 50_000 + "ann@acme.example")
    assert brief("a@b@c, to=ann@acme.example;x") == "[e-mail]@c, to=[e-mail];x"
