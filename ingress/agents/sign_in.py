"""Who holds a token: one of ours, or one that the identity provider has signed."""

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any, get_args

from mcp.server.auth.provider import AccessToken

from ingress.agents.identity_provider import KeySource, Refused, claims_of
from models.agents import Agents, IdentityProvider, Principal, Scope
from models.changes import digest_of_person
from models.tokens import PREFIX, digest_of
from operations.agents.file import AgentsFile
from operations.agents.tokens import has_expired

log = logging.getLogger("mogulflow.ingress")

OURS = "mogulflow"
"""The issuer of our own tokens."""

SCOPES: frozenset[str] = frozenset(get_args(Scope))
PLAIN = re.compile(r"[\w.|:/+@=-]{1,90}", re.ASCII)
"""What client and subject may be made of: they stand in the ids of runs and in queries for them."""


PEOPLE_CLAIMS = ("sub", "email", "preferred_username", "upn")
"""Where providers put a person's e-mail address."""


class SignIn:
    """What the server asks for each request. `resource` is the address of our /mcp."""

    def __init__(self, file: AgentsFile, resource: str) -> None:
        self._file, self._resource = file, resource
        self._keys: tuple[str, KeySource] | None = None

    async def verify_token(self, token: str) -> AccessToken | None:
        """None for whoever is not to be let in; why stands in the log, without the token."""
        if token.startswith(PREFIX):
            return self._of_ours(token)
        agents = self._file.current()
        if agents.identity_provider is None:
            return None
        try:
            return await self._of_provider(token, agents, agents.identity_provider)
        except Refused as refused:
            log.info("a token of the identity provider is refused", extra={"reason": str(refused)})
            return None

    def _of_ours(self, token: str) -> AccessToken | None:
        found = self._file.holder_of(digest_of(token))
        if found is None:
            return None
        name, principal = found
        return self._access(
            name, name, frozenset(principal.scopes), {"iss": OURS, "entry": name, "name": name}
        )

    async def _of_provider(self, token: str, agents: Agents, provider: IdentityProvider) -> AccessToken:
        claims = await claims_of(token, provider, self._keys_of(provider))
        client, subject = _plain(claims.get(provider.client_claim)), _plain(claims["sub"])
        entry = _entry_for(agents, client, subject)
        principal = agents.principals.get(entry)
        if principal is None or has_expired(principal):
            raise Refused("no principal in the file")
        about = {
            "iss": provider.issuer,
            "entry": entry,
            "name": f"idp:{_before_a_colon(client)}:{subject}",
            "people": _people_in(claims),
            "can_ask_for_more": principal.scopes_from is not None,
        }
        return self._access(client, subject, _granted(principal, claims), about)

    def _keys_of(self, provider: IdentityProvider) -> KeySource:
        if self._keys is None or self._keys[0] != provider.jwks_url:
            self._keys = provider.jwks_url, KeySource(provider.jwks_url)
        return self._keys[1]

    def _access(
        self, client: str, subject: str, scopes: frozenset[str], about: dict[str, Any]
    ) -> AccessToken:
        """Without the token: nothing needs it any more."""
        return AccessToken(
            token="",
            client_id=client,
            subject=subject,
            scopes=sorted(scopes),
            resource=self._resource,
            claims=about,
        )


def _entry_for(agents: Agents, client: str, subject: str) -> str:
    """The closest one of the file."""
    names = (f"idp:{client}:{subject}", f"idp:{client}", "idp:*")
    if ":" in client and "://" not in client:  # the line of another client's subject looks the same
        names = (f"idp:{_before_a_colon(client)}:{subject}", f"idp:{_before_a_colon(client)}", "idp:*")
    return next((name for name in names if name in agents.principals), "")


def _plain(value: Any) -> str:
    """Of an e-mail address only its digest: names of principals stand where no personal data may."""
    if not isinstance(value, str) or not PLAIN.fullmatch(value):
        raise Refused("client or subject cannot be used")
    return hashlib.sha256(value.encode()).hexdigest()[:16] if "@" in value else value


def _before_a_colon(client: str) -> str:
    """Of one with a colon its digest, lest `a:b` with the subject `c` has the name of `a` with `b:c`."""
    return hashlib.sha256(client.encode()).hexdigest()[:16] if ":" in client else client


def _people_in(claims: Mapping[str, Any]) -> list[str]:
    """Who signed in, as approvers are known: by e-mail. All that are named, for some of these claims can be
    edited by those whom they are about."""
    named = (claims.get(each) for each in PEOPLE_CLAIMS)
    found = {digest_of_person(each) for each in named if isinstance(each, str) and "@" in each}
    return sorted(found)


def _granted(principal: Principal, claims: Mapping[str, Any]) -> frozenset[str]:
    """What the token says, within what the file says, where it says something."""
    if principal.scopes_from is None:
        return frozenset(principal.scopes)
    said = claims.get(principal.scopes_from, [])
    words = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    known = SCOPES & {word for word in words if isinstance(word, str)}
    return known & frozenset(principal.scopes) if principal.scopes else known
