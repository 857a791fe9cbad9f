"""Who may use the MCP server, and a new token for one of them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from configuration.files import agents_for
from models.agents import NAME, Agents, Principal
from models.tokens import digest_of, new_token
from operations.errors import Stopped
from settings import Settings

MOST_TOKENS = 2
"""Of one principal: while they change both count."""


@dataclass(frozen=True)
class Token:
    """`line` is what belongs into the file; of the token itself nothing is kept. `replaces` says whether an
    older one no longer counts then."""

    name: str
    token: str
    line: str
    is_new: bool
    replaces: bool


def agents_of(settings: Settings) -> Agents:
    """Raises BadConfig, and Stopped where there is no such file."""
    if (agents := agents_for(settings)) is None:
        raise Stopped(
            f"There is no {settings.agents_file}: the MCP server is off."
            " docs/agents.md has one to begin with."
        )
    return agents


def token_for(settings: Settings, name: str) -> Token:
    """Neither the file nor anything else is changed. A name that the file lacks may be added with it. Raises
    BadConfig and Stopped."""
    if name.startswith("idp:"):
        raise Stopped(f"{name} has the tokens of the identity provider, and none of ours.")
    if not NAME.fullmatch(name):
        raise Stopped(f"A principal cannot be called {name[:40]!r}: take letters, digits, . _ and -")
    agents = agents_for(settings)
    known = agents.principals.get(name) if agents else None
    before = known.token_sha256 if known else []
    token = new_token()
    kept = [digest_of(token), *before][:MOST_TOKENS]
    return Token(
        name=name,
        token=token,
        line=f"token_sha256: [{', '.join(kept)}]",
        is_new=known is None,
        replaces=len(before) >= MOST_TOKENS,
    )


def has_expired(principal: Principal) -> bool:
    """From the day on that the file names, in UTC."""
    return principal.expires is not None and principal.expires <= datetime.now(UTC).date()
