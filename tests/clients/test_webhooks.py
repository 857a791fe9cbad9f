"""Proofs of vendors' webhooks: what a sender may write there is refused, and nothing of it is an error."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from clients.chargebee.settings import ChargebeeAccount
from clients.chargebee.webhooks import proven as proven_by_chargebee
from clients.recurly.settings import RecurlyAccount
from clients.recurly.webhooks import proven as proven_by_recurly
from clients.stripe.settings import StripeAccount
from clients.stripe.webhooks import proven as proven_by_stripe

BODY = b'{"id": "evt_1"}'
SECRET = "whsec_1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""Fixed: the cases bear what is made of it in their names, which each process must find alike."""

STRIPE = StripeAccount.model_validate({"api_key": "rk_1", "signing_secrets": f"{SECRET},whsec_2"})
CHARGEBEE = ChargebeeAccount.model_validate(
    {"site": "acme", "api_key": "x", "webhook_user": "ann", "webhook_password": "pa:ss wörd"}
)
RECURLY = RecurlyAccount.model_validate({"api_key": "x", "signing_secrets": f"{SECRET},whsec_2"})


def by_stripe(headers: Mapping[str, str], body: bytes = BODY) -> bool:
    return proven_by_stripe(STRIPE, headers, body, NOW)


def by_chargebee(headers: Mapping[str, str], body: bytes = BODY) -> bool:
    return proven_by_chargebee(CHARGEBEE, headers, body, NOW)


def by_recurly(headers: Mapping[str, str], body: bytes = BODY) -> bool:
    return proven_by_recurly(RECURLY, headers, body, NOW)


def stripes(secret: str = SECRET, at: float | None = None, body: bytes = BODY) -> str:
    stamp = int(NOW.timestamp() if at is None else at)
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=stamp))


def chargebees(user: str = "ann", password: str = "pa:ss wörd") -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def recurlys(secret: str = SECRET, at: float | None = None, unit: int = 1000, body: bytes = BODY) -> str:
    stamp = int((NOW.timestamp() if at is None else at) * unit)
    signed = hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
    return f"{stamp},{signed}"


def test_a_right_signature_is_proven_in_any_spelling_of_its_header() -> None:
    for name in ("Stripe-Signature", "stripe-signature", "STRIPE-SIGNATURE"):
        assert by_stripe({name: stripes()})
    assert by_stripe(Headers({"stripe-signature": stripes("whsec_2")}))


def test_the_right_one_of_several_is_enough() -> None:
    stamp, _, right = stripes().partition(",")
    assert by_stripe({"Stripe-Signature": f"{stamp},v1={'0' * 64},{right},v0={'1' * 64}"})
    assert by_stripe({"Stripe-Signature": ",".join([stamp, *[f"v1={'0' * 64}"] * 20, right])})


def _spoilt() -> list[Any]:
    stamp, _, right = stripes().partition(",")
    hexes = right.removeprefix("v1=")
    return [
        {},
        {"Stripe-Signature": ""},
        {"X-Stripe-Signature": stripes()},
        {"Stripe-Signature": right},
        {"Stripe-Signature": stamp},
        {"Stripe-Signature": f"{right},{stamp}"},
        {"Stripe-Signature": f"{stamp},{stamp},{right}"},
        {"Stripe-Signature": f"t=1,{stamp},{right}"},
        {"Stripe-Signature": f"{stamp},v0={hexes}"},
        {"Stripe-Signature": f"{stamp},v2={hexes}"},
        {"Stripe-Signature": f"{stamp},v1={hexes.upper()}x"},
        {"Stripe-Signature": f"{stamp},v1={hexes[:-1]}"},
        {"Stripe-Signature": f"{stamp},v1="},
        {"Stripe-Signature": f"{stamp},v1=é{hexes}"},
        {"Stripe-Signature": f"{stamp},{right}é"},
        {"Stripe-Signature": f"t=now,{right}"},
        {"Stripe-Signature": f"t=-{stamp[2:]},{right}"},
        {"Stripe-Signature": f"t={'9' * 5_000},{right}"},
        {"Stripe-Signature": f"{stamp}.0,{right}"},
        {"Stripe-Signature": f"t=١٧٦٢,{right}"},
        {"Stripe-Signature": stripes(at=NOW.timestamp() - 400)},
        {"Stripe-Signature": stripes(at=NOW.timestamp() + 400)},
        {"Stripe-Signature": stripes("whsec_other")},
        {"Stripe-Signature": stripes(body=b"{}")},
        {"Stripe-Signature": f"{stripes()},{'v1=0,' * 2_000}"},
        {"Stripe-Signature": "\x00" * 100},
    ]


@pytest.mark.parametrize("headers", _spoilt())
def test_any_other_is_refused(headers: Mapping[str, str]) -> None:
    assert not by_stripe(headers)


def test_a_body_that_is_no_text_is_refused() -> None:
    assert not by_stripe({"Stripe-Signature": stripes()}, b"\xff\xfe")


def test_chargebee_s_user_and_password_prove_it() -> None:
    assert by_chargebee({"Authorization": chargebees()})
    assert by_chargebee({"authorization": chargebees().replace("Basic", "bASIC")})


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic ",
        "Basic =",
        chargebees(password="pa:ss"),
        chargebees(user="anne"),
        chargebees(user="", password=""),
        chargebees("ann:pa", "ss wörd "),
        chargebees().replace("Basic", "Bearer"),
        chargebees().replace("Basic ", "Basic  "),
        chargebees() + "!",
        f"{chargebees()}, {chargebees()}",
        "Basic " + "A" * 5_000,
        "Basic é",
        "Basic " + base64.b64encode(b"\xff\xfe:\xfd").decode(),
        "Basic ann:pa:ss",
    ],
)
def test_any_other_of_chargebee_is_refused(value: str) -> None:
    assert not by_chargebee({"Authorization": value})


def test_chargebee_without_user_and_password_proves_nothing() -> None:
    settings: list[dict[str, str]] = [{}, {"webhook_user": "ann"}, {"webhook_password": "x"}]
    for each in settings:
        account = ChargebeeAccount.model_validate({"site": "acme", "api_key": "x", **each})
        for user, password in (("", ""), ("ann", ""), ("", "x")):
            headers = {"Authorization": chargebees(user, password)}
            assert not proven_by_chargebee(account, headers, BODY, NOW)


@pytest.mark.parametrize("unit", [1000, 1])
def test_recurly_s_time_is_in_milliseconds_or_seconds(unit: int) -> None:
    assert by_recurly({"recurly-signature": recurlys(unit=unit)})
    assert by_recurly({"Recurly-Signature": recurlys("whsec_2", unit=unit)})
    for off in (-400, 400):
        assert not by_recurly({"recurly-signature": recurlys(at=NOW.timestamp() + off, unit=unit)})


def test_the_right_one_of_recurly_s_two_signatures_is_enough() -> None:
    stamp, _, right = recurlys().partition(",")
    for both in (f"{stamp},{'0' * 64},{right}", f"{stamp},{right},{'0' * 64}"):
        assert by_recurly({"recurly-signature": both})


def _spoilt_recurlys() -> list[Any]:
    stamp, _, right = recurlys().partition(",")
    return [
        "",
        stamp,
        right,
        f"{stamp},",
        f"{stamp},{right},",
        f"{stamp}, {right}",
        f"{stamp},{right.upper()}A",
        f"{stamp},{right[:-1]}",
        f"{stamp},{right},x",
        f"{stamp[:-1]},{right}",
        f"0{stamp},{right}",
        f"-{stamp},{right}",
        f"{stamp}.0,{right}",
        f"t={stamp},v1={right}",
        f"{'9' * 300},{right}",
        f"{stamp},{right}é",
        recurlys("whsec_other"),
        recurlys(body=b"{}"),
        stamp + f",{'0' * 64}" * 100,
    ]


@pytest.mark.parametrize("value", _spoilt_recurlys())
def test_any_other_of_recurly_is_refused(value: str) -> None:
    assert not by_recurly({"recurly-signature": value})


@pytest.mark.parametrize("vendor", ["stripe", "chargebee", "recurly"])
def test_a_header_that_comes_twice_is_refused(vendor: str) -> None:
    name, value, by = {
        "stripe": (b"stripe-signature", stripes(), by_stripe),
        "chargebee": (b"authorization", chargebees(), by_chargebee),
        "recurly": (b"recurly-signature", recurlys(), by_recurly),
    }[vendor]
    raw = value.encode()
    assert by(Headers(raw=[(name, raw)]))
    assert not by(Headers(raw=[(name, raw), (name, raw)]))
    assert not by(Headers(raw=[(name, raw), (name, b"x")]))


NAMES = st.sampled_from(["Stripe-Signature", "Authorization", "Recurly-Signature", "x"])
LIKE_A_PROOF = st.text(alphabet="t=v1,.0123456789abcdefé- Basic", max_size=200)


@given(st.dictionaries(NAMES, st.text() | LIKE_A_PROOF), st.binary(max_size=50))
def test_nothing_that_is_sent_is_an_error(headers: dict[str, str], body: bytes) -> None:
    assert not by_stripe(headers, body)
    assert not by_chargebee(headers, body)
    assert not by_recurly(headers, body)
