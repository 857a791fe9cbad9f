"""Agents: can their file be read, and does each principal come in, for accounts that there are?"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

from clients.slack.doctor import approval_findings
from configuration.files import BadConfig, agents_for
from models.agents import Agents, Principal
from models.findings import Finding, State
from operations.agents.tokens import has_expired
from settings import Settings

SOON = timedelta(days=14)


async def agent_findings(settings: Settings) -> AsyncIterator[Finding]:
    """None where there is no file: the server is off."""
    try:
        agents = agents_for(settings)
    except BadConfig as error:
        yield Finding("agents", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    if agents is None:
        return
    found = list(_findings(agents, settings))
    for each in found:
        yield each
    if not found:
        yield Finding("agents", State.OK, f"principals: {len(agents.principals)}")
    if agents.approvers.channel:
        async for each in approval_findings(settings.slack, agents.approvers.channel):
            yield each


def _findings(agents: Agents, settings: Settings) -> Iterator[Finding]:
    if not agents.principals:
        yield Finding(
            "agents", State.WARNING, "no principal: nobody is let in", "`mogulflow agents token NAME`"
        )
    for name, each in agents.principals.items():
        what = f"agent {name}"
        for account in each.accounts:
            if account not in settings.chartmogul:
                said = f"there is no account {account}"
                yield Finding(what, State.FAULT, said, "Correct its accounts, or set the account's key.")
        yield from _of_its_tokens(what, name, each)


def _of_its_tokens(what: str, name: str, principal: Principal) -> Iterator[Finding]:
    renew = f"`mogulflow agents token {name}`, and a later `expires`"
    if not principal.token_sha256 and not name.startswith("idp:"):
        yield Finding(what, State.WARNING, "has no token", f"`mogulflow agents token {name}`")
    elif has_expired(principal):
        yield Finding(what, State.WARNING, f"expired on {principal.expires}", renew)
    elif principal.expires and principal.expires - datetime.now(UTC).date() < SOON:
        yield Finding(what, State.WARNING, f"expires on {principal.expires}", renew)
