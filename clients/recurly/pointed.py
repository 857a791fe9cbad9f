"""What a notification of the newer form only points at, read from Recurly."""

from collections.abc import Mapping

from pydantic import ValidationError

from clients.kit.errors import Permanent, Rejected
from clients.kit.http import Call, mismatches, refused
from clients.recurly.client import RecurlyClient
from clients.recurly.settings import RecurlyAccount
from models.billing import NoFailedPayment, NotTold
from models.event import EventSource
from models.events import FailedPayment
from models.recurly import RecurlyTransaction, from_recurly_transaction

LIMIT_SECONDS = 4.0
"""Recurly waits for our answer to its webhook meanwhile, and sends again what it got none for."""


class PointedAt:
    """By account, whom to ask."""

    def __init__(self, accounts: Mapping[str, RecurlyAccount]) -> None:
        self._clients = {
            name: RecurlyClient(account, timeout_seconds=LIMIT_SECONDS) for name, account in accounts.items()
        }

    async def __call__(self, account: str, uuid: str) -> FailedPayment | None:
        """As `pointed_at`. Raises NotTold where asking again would not help, else Retryable."""
        client = self._clients.get(account)
        if client is None:
            raise NotTold(f"account {account} has no Recurly")
        try:
            return await pointed_at(client, account, uuid)
        except Permanent as refusal:
            raise NotTold(str(refusal)) from None

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()


async def pointed_at(client: RecurlyClient, account: str, uuid: str) -> FailedPayment | None:
    """None where Recurly knows no such transaction, or where it is no payment that failed. Raises
    IntegrationError."""
    row = await client.transaction(uuid)
    if row is None:
        return None
    try:
        transaction = RecurlyTransaction.model_validate(row)
        return from_recurly_transaction(transaction, account, EventSource.BILLING)
    except NoFailedPayment:
        return None
    except ValidationError as error:
        detail = f"it has another shape than expected: {mismatches(error)}"
        call, advice = Call("recurly", f"read transaction {uuid}"), "Look whether the vendor changed its API."
        raise refused(call, Rejected, detail, advice) from None
