"""Zendesk: does it answer, may we tag, and are tags on?"""

from collections.abc import AsyncIterator

from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.zendesk.client import OFF, TURN_ON, ZendeskClient
from clients.zendesk.settings import HOW_TO_SIGN_IN, Zendesk
from models.findings import Finding, State
from models.zendesk import ADMIN, AGENT, Agent

RIGHTS, TAGS = "Zendesk, rights", "Zendesk, tags"
LIMITED = {1: "light agent", 2: "chat agent", 3: "contributor"}
ANOTHER = "Use the token of an admin, or of an agent who may edit users: Admin Center, People, Team members."


async def zendesk_findings(connection: Zendesk | None) -> AsyncIterator[Finding]:
    if connection is None:
        to_do = f"Set ZENDESK__BASE_URL, and {HOW_TO_SIGN_IN}."
        yield Finding("Zendesk", State.OFF, "its steps are skipped", to_do)
        return
    client = ZendeskClient(connection)
    try:
        me = await client.me()
        yield Finding("Zendesk", State.OK, f"{connection.site}, as {me.name or me.id}")
        yield _rights(me)
        yield _tags(await client.allows_tags())
    except IntegrationError as error:
        advice = (
            f"Set {HOW_TO_SIGN_IN}. In Admin Center, Apps and integrations, APIs, Zendesk API: token access"
            " must be enabled, and the token active."
        )
        yield failed("Zendesk", error, advice)
    finally:
        await client.aclose()


def _rights(me: Agent) -> Finding:
    if me.role == ADMIN:
        return Finding(RIGHTS, State.OK, "an admin: may tag users and organisations")
    if me.role != AGENT:
        return Finding(RIGHTS, State.FAULT, f"the role is {me.role}, and may tag nobody", ANOTHER)
    if limited := LIMITED.get(me.role_type or 0):
        return Finding(RIGHTS, State.WARNING, f"a {limited} may not edit users", ANOTHER)
    said = "an agent: may tag end users, and organisations only where a custom role allows it"
    return Finding(RIGHTS, State.OK, said)


def _tags(allowed: bool | None) -> Finding:
    if allowed is False:
        return Finding(TAGS, State.FAULT, OFF, TURN_ON)
    if allowed is None:
        return Finding(TAGS, State.WARNING, "the account's settings do not say whether they are on", TURN_ON)
    return Finding(TAGS, State.OK, "on for users and organisations")
