"""Gong: does the access key work? No call asks whether interactions may be logged without logging one."""

from collections.abc import AsyncIterator

from clients.gong.client import GongClient
from clients.gong.settings import Gong
from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from models.bounds import few
from models.findings import Finding, State

HOW_TO_SIGN_IN = "GONG__ACCESS_KEY and GONG__ACCESS_KEY_SECRET"


async def gong_findings(connection: Gong | None) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding("Gong", State.OFF, "its steps are skipped", f"Set {HOW_TO_SIGN_IN}.")
        return
    client = GongClient(connection)
    try:
        workspaces = await client.workspaces()
        where = f"; workspaces {few(workspaces, ', ')}" if workspaces else ""
        yield Finding("Gong", State.OK, f"{connection.base_url}{where}")
        yield _without_a_person()
    except IntegrationError as error:
        advice = (
            f"Set {HOW_TO_SIGN_IN} from Company settings, Ecosystem, API; GONG__BASE_URL as it is there."
            " Where the key has trusted IP addresses, ours must be among them; and it may have expired."
        )
        yield failed("Gong", error, advice)
    finally:
        await client.aclose()


def _without_a_person() -> Finding:
    said = (
        "events of a customer without an e-mail address are sent with the company's domain and the CRM"
        " account alone: not verified against a real Gong"
    )
    to_do = "Look on such an account's timeline in Gong whether they are there."
    return Finding("Gong, accounts without a contact", State.WARNING, said, to_do)
