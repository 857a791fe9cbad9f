"""Intercom: does the token work, has the app its rights, and is there somebody who sends messages? What only
a live workspace tells, it says."""

from collections.abc import AsyncIterator, Awaitable, Callable

from clients.intercom.client import IntercomClient
from clients.intercom.settings import Intercom
from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from models.bounds import few
from models.findings import Finding, State

WHERE = "Developer Hub, your app, Authentication"
NOBODY = "doctor@mogulflow.invalid"


async def intercom_findings(connection: Intercom | None) -> AsyncIterator[Finding]:
    """Tags need no check: one that is not there is made."""
    if connection is None:
        yield Finding("Intercom", State.OFF, "its steps are skipped", "Set INTERCOM__TOKEN.")
        return
    client = IntercomClient(connection)
    try:
        me = await client.me()
        workspace = me.app.name if me.app and me.app.name else "a workspace"
        yield Finding("Intercom", State.OK, f"{workspace}, as {me.name or me.id}")
        people = "Read and list users and companies, and Write users and companies"
        yield await _right("contacts", people, lambda: client.contacts_with(NOBODY))
        yield await _right("tags", "Read tags, and Write tags", client.all_tags)
        yield await _sender(client, connection)
        yield _message_type(connection)
    except IntegrationError as error:
        advice = (
            f"Set INTERCOM__TOKEN to the access token ({WHERE}), and INTERCOM__BASE_URL to where the"
            " workspace is hosted: Europe and Australia have addresses of their own."
        )
        yield failed("Intercom", error, advice)
    finally:
        await client.aclose()


async def _right(what: str, right: str, read: Callable[[], Awaitable[object]]) -> Finding:
    try:
        await read()
    except IntegrationError as error:
        return failed(f"Intercom {what}", error, f"Give the app these permissions ({WHERE}): {right}.")
    return Finding(f"Intercom {what}", State.OK, "can be read")


async def _sender(client: IntercomClient, connection: Intercom) -> Finding:
    what, wanted = "Intercom sender", connection.admin_id
    if wanted is None:
        return Finding(what, State.OK, "messages come from the token's owner")
    try:
        known = await client.admins()
    except IntegrationError as error:
        return failed(what, error, f"Give the app this permission ({WHERE}): Read admins.")
    for each in known:
        if each.id == str(wanted):
            return Finding(what, State.OK, f"messages come from {each.name or each.id}")
    there = few([f"{each.id} ({each.name})" for each in known], ", ")
    advice = f"Set INTERCOM__ADMIN_ID to one of: {there}; or leave it out, for the token's owner."
    return Finding(what, State.FAULT, f"there is no teammate {wanted}", advice)


def _message_type(connection: Intercom) -> Finding:
    return Finding(
        "Intercom message type",
        State.WARNING,
        f"{connection.message_type}, UNVERIFIED: Intercom's specification says in_app, its examples and its"
        " own library say inapp. The first message tells",
        "Send one to a test user. Where Intercom refuses its type, set INTERCOM__MESSAGE_TYPE to the other.",
    )
