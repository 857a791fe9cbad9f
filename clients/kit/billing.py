"""What `doctor` says of every billing system: whose it is, whether its key serves, and whether its webhook
would be taken."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from pydantic import SecretStr

from clients.kit.errors import title
from models.findings import Finding, State
from models.spelling import nearest

SHORTEST_SECRET = 16


class Account(Protocol):
    webhook_secrets: list[SecretStr]


A = TypeVar("A", bound=Account)


async def billing_findings(
    system: str,
    accounts: Mapping[str, A],
    known: Collection[str],
    of_key: Callable[[str, A], AsyncIterator[Finding]],
    *,
    missing_proof: Callable[[A], str],
    place: str,
) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts. `of_key` says what the key of an account may do. `missing_proof` is
    the variable without which nothing proves a webhook, where it is not set; `place` is where the vendor has
    the webhook's page."""
    if not accounts:
        advice = f"Set {system.upper()}__DEFAULT__API_KEY."
        yield Finding(title(system), State.OFF, "its steps are skipped", advice)
    for name, account in accounts.items():
        for finding in of_account(system, name, known):
            yield finding
        async for finding in of_key(name, account):
            yield finding
        missing = missing_proof(account)
        yield _of_webhook(system, name, account.webhook_secrets, missing_proof=missing, place=place)


def of_account(system: str, name: str, known: Collection[str]) -> Iterator[Finding]:
    """Nothing where it is the billing system of an account that there is."""
    if name not in known:
        yield Finding(
            f"{title(system)} {name}",
            State.FAULT,
            f"there is no ChartMogul account {name}{nearest(name, known)}",
            f"Name it after its account, as in {system.upper()}__DEFAULT__API_KEY.",
        )


def _of_webhook(
    system: str, name: str, secrets: Sequence[SecretStr], *, missing_proof: str, place: str
) -> Finding:
    """`secrets` are parts of its URL."""
    what, variable = f"webhook of {title(system)} {name}", f"{system.upper()}__{name.upper()}__"
    if not secrets:
        advice = f"Set {variable}WEBHOOK_SECRETS to take it; without it only polls find failed payments."
        return Finding(what, State.OFF, "no secret: every delivery gets 404", advice)
    if missing_proof:
        advice = f"Set {variable}{missing_proof}: {place} has it."
        return Finding(what, State.FAULT, "nothing proves a delivery: every one is refused", advice)
    if min(len(each.get_secret_value()) for each in secrets) < SHORTEST_SECRET:
        advice = "Make one by `openssl rand -hex 24`."
        return Finding(what, State.WARNING, f"a secret is shorter than {SHORTEST_SECRET} characters", advice)
    advice = f"{place}: https://<host>/webhooks/{system}/<secret>"
    return Finding(what, State.OK, f"{len(secrets)} valid", advice)
