"""Tokens of ours and of the identity provider: who is let in, as whom, and who is not."""

import base64
import hmac
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ingress.agents import identity_provider
from models.changes import digest_of_person
from models.tokens import new_token
from tests.ingress.agents.calling import Session
from tests.ingress.agents.conftest import OWNER, Served
from tests.ingress.agents.provider import ODD, SHARED, Provider

METADATA = "/.well-known/oauth-protected-resource/mcp"


@pytest.mark.parametrize("principal", ["reader", "writer", "rotating", "older"])
async def test_who_holds_a_token_of_ours_is_let_in(agents: Served, principal: str) -> None:
    assert "get_customer" in await agents.agent(principal).tools()


async def test_both_tokens_of_a_principal_are_the_same_one(agents: Served) -> None:
    names = [
        (await agents.agent(each).call("get_customer", customer="x"))["structuredContent"]["principal"]
        for each in ("rotating", "older")
    ]
    assert names == ["rotating", "rotating"]


async def test_the_owner_comes_from_the_file(agents: Served) -> None:
    found = (await agents.agent("reader").call("get_customer", customer="x"))["structuredContent"]
    assert (found["principal"], found["owner"]) == ("reader", OWNER)


@pytest.mark.parametrize(
    "token",
    ["", "x", "mflow_", new_token(), "mflow_" + "é", "a.b.c", "x" * 5_000, "x" * 20_000],
    ids=["none", "short", "prefix", "another", "letters", "dots", "long", "longer"],
)
async def test_whoever_holds_nothing_is_not(agents: Served, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
    response = await agents.http.post("/mcp", headers=headers)
    assert response.status_code == 401
    says = response.headers["www-authenticate"]
    assert 'error="invalid_token"' in says
    assert 'scope="metrics.read"' in says
    assert f'resource_metadata="{agents.url.removesuffix("/mcp")}{METADATA}"' in says


async def test_an_expired_token_is_none(agents: Served) -> None:
    assert (await agents.agent("expired").post("tools/list")).status_code == 401


async def test_the_metadata_says_where_tokens_come_from(agents: Served) -> None:
    response = await agents.http.get(METADATA)
    assert response.json() == {
        "resource": agents.url,
        "authorization_servers": ["https://idp.example/"],
        "scopes_supported": ["metrics.read"],
        "bearer_methods_supported": ["header"],
    }
    assert (await agents.http.get("/.well-known/oauth-protected-resource")).status_code == 404


async def test_a_token_of_the_provider_gives_the_scopes_in_it(agents: Served) -> None:
    agent = agents.holding(agents.provider.token(agents.url))
    assert set(await agent.tools()) == {"get_customer"}
    found = (await agent.call("get_customer", customer="x"))["structuredContent"]
    assert found["principal"] == "idp:desktop:user-1"


@pytest.mark.parametrize(
    ("claims", "tools"),
    [
        ({"scope": "customers.read customers.write"}, {"get_customer", "change_tags", "get_run"}),
        ({"scope": "openid"}, set()),
        ({"scope": None, "scp": ["customers.read"]}, set()),
        ({"scope": ["customers.read", 7, {}]}, {"get_customer"}),
        ({"scope": 7}, set()),
        ({"azp": "fixed", "scope": "customers.write"}, {"get_customer"}),
        ({"aud": ["elsewhere", "HERE"]}, {"get_customer"}),
    ],
)
async def test_scopes_are_those_of_the_closest_principal(
    agents: Served, claims: dict[str, Any], tools: set[str]
) -> None:
    audience = claims.pop("aud", "HERE") if "aud" in claims else "HERE"
    said = (
        [agents.url if each == "HERE" else each for each in audience]
        if isinstance(audience, list)
        else agents.url
    )
    token = agents.provider.token(said, **claims)
    assert set(await agents.holding(token).tools()) == tools


async def test_an_e_mail_as_subject_is_named_by_its_digest(agents: Served) -> None:
    token = agents.provider.token(agents.url, sub="nora.lind@fjord.example")
    found = (await agents.holding(token).call("get_customer", customer="x"))["structuredContent"]
    assert found["principal"].startswith("idp:desktop:")
    assert "@" not in found["principal"]


async def test_everybody_whom_a_token_names_is_known_by_digest(agents: Served) -> None:
    token = agents.provider.token(agents.url, sub="Ana@vendor.example", email="ana.b@vendor.example")
    found = (await agents.holding(token).call("get_customer", customer="x"))["structuredContent"]
    people = {digest_of_person(each) for each in ("ana@vendor.example", "ana.b@vendor.example")}
    assert set(found["people"]) == people


async def test_a_colon_in_a_client_makes_it_no_other_one(agents: Served) -> None:
    names = []
    for client, subject in (("a:b", "c"), ("a", "b:c")):
        token = agents.provider.token(agents.url, azp=client, sub=subject)
        found = await agents.holding(token).call("get_customer", customer="x")
        names.append(found["structuredContent"]["principal"])
    assert names[1] == "idp:a:b:c"
    assert names[0] != names[1]


def unsigned(agents: Served) -> str:
    _, body, _ = agents.provider.token(agents.url).split(".")
    return f"{encoded(json.dumps({'alg': 'none', 'kid': 'one'}).encode())}.{body}."


def signed_with(secret: bytes, id: str, agents: Served) -> str:
    """By hand: the library does not let a public key be one that is shared."""
    _, body, _ = agents.provider.token(agents.url).split(".")
    head = encoded(json.dumps({"alg": "HS256", "kid": id}).encode())
    return f"{head}.{body}.{encoded(hmac.digest(secret, f'{head}.{body}'.encode(), 'sha256'))}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def of_a_foreign_key(agents: Served) -> str:
    return agents.provider.token(agents.url, RSAKey.generate_key(2048))


def without_a_key(agents: Served) -> str:
    """The key itself is right."""
    return agents.provider.token(agents.url, header={"kid": None})


ATTACKS: dict[str, Callable[[Served], str]] = {
    "another audience": lambda agents: agents.provider.token("https://elsewhere.example/mcp"),
    "no audience": lambda agents: agents.provider.token(None),
    "our address as a part": lambda agents: agents.provider.token(f"{agents.url}/more"),
    "another issuer": lambda agents: agents.provider.token(agents.url, iss="https://evil.example"),
    "expired": lambda agents: agents.provider.token(agents.url, exp=int(time.time()) - 60),
    "for ever": lambda agents: agents.provider.token(agents.url, exp=None),
    "not yet": lambda agents: agents.provider.token(agents.url, nbf=int(time.time()) + 300),
    "no subject": lambda agents: agents.provider.token(agents.url, sub=None),
    "no client": lambda agents: agents.provider.token(agents.url, azp=None),
    "quotes in the subject": lambda agents: agents.provider.token(agents.url, sub="x' OR Principal != 'x"),
    "alg none": unsigned,
    "the public key as a shared secret": lambda agents: signed_with(
        agents.provider.keys[0].as_pem(private=False), "one", agents
    ),
    "a foreign key under our id": of_a_foreign_key,
    "no key named": without_a_key,
    "a key that nobody has": lambda agents: agents.provider.token(agents.url, header={"kid": "two"}),
    "a shared key of the provider's": lambda agents: signed_with(SHARED, "shared", agents),
    "a head that is nested deeply": lambda agents: f"{encoded(b'[' * 5_000)}.e30.e30",
    "a head that is a list": lambda agents: f"{encoded(b'[]')}.e30.e30",
    "a changed body": lambda agents: agents.provider.token(agents.url).replace(".", ".e30", 1),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused(agents: Served, attack: str, caplog: pytest.LogCaptureFixture) -> None:
    token = ATTACKS[attack](agents)
    with caplog.at_level(logging.DEBUG, "mogulflow"):
        assert (await agents.holding(token).post("tools/list")).status_code == 401
    assert token not in caplog.text


async def test_a_new_key_is_asked_for_and_not_often(agents: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await agents.holding(agents.provider.token(agents.url)).tools()
    monkeypatch.setattr(identity_provider, "ASK_AGAIN_SECONDS", 0)
    agents.provider.keys.append(RSAKey.generate_key(2048, {"kid": "new", "use": "sig"}))
    try:
        token = agents.provider.token(agents.url, agents.provider.keys[-1], {"kid": "new"})
        assert await agents.holding(token).tools()
        monkeypatch.setattr(identity_provider, "ASK_AGAIN_SECONDS", 3600)
        before = agents.provider.asked
        for _ in range(5):
            token = agents.provider.token(agents.url, header={"kid": "unknown"})
            assert (await agents.holding(token).post("tools/list")).status_code == 401
        assert agents.provider.asked == before
    finally:
        agents.provider.keys.pop()


@pytest.mark.parametrize("number", [*range(len(ODD) + 1), -1])
async def test_an_address_without_keys_lets_nobody_in(
    provider: tuple[Provider, str], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of them never answers, and where there is nobody nothing does."""
    monkeypatch.setattr(identity_provider, "TIMEOUT_SECONDS", 0.5)
    nobody = "http://127.0.0.1:9/keys"
    url = nobody if number < 0 else provider[1].replace("keys", f"odd/{number}")
    with pytest.raises(identity_provider.Refused, match="unknown key"):
        await identity_provider.KeySource(url).key("one")


async def test_a_tool_that_needs_more_says_what(agents: Served) -> None:
    """The body is not looked at. Of ours nobody can get a token with more: there it is an unknown tool."""
    agent = agents.holding(agents.provider.token(agents.url))
    response = await agent.post("tools/call", {"name": "change_tags", "arguments": "no object"})
    assert response.status_code == 403
    says = response.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in says
    assert 'scope="customers.read customers.write"' in says
    assert METADATA in says
    assert (await agents.agent("reader").refused("change_tags"))["code"] == "unknown_tool"


async def test_a_session_belongs_to_its_principal(agents: Served) -> None:
    session = Session(agents.http, agents.tokens["rotating"])
    await session.begin()
    assert (await session.post("tools/list")).status_code == 200
    assert (await session.post("tools/list", token=agents.tokens["older"])).status_code == 200
    assert (await session.post("tools/list", token=agents.tokens["reader"])).status_code == 404
    assert (await session.post("tools/list", token=agents.provider.token(agents.url))).status_code == 404
