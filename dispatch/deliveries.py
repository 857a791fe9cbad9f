"""What a source has sent, and the event that it is: one parser for each source."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TypeVar

from pydantic import ValidationError

from models.base import Record
from models.billing import NoFailedPayment, NotTold
from models.chargebee import ChargebeeEvent, from_chargebee
from models.chartmogul import MovementWebhook
from models.chartmogul_values import loads
from models.events import AnyEvent, FailedPayment, MrrMovement, NotAMovement, movement_from_webhook
from models.recurly import OnlyPoints, RecurlyNotification, from_recurly
from models.stripe import StripeEvent, from_stripe

MAX_BODY = 256 * 1024
"""Bytes. A real body has about one thousand."""

CHARTMOGUL = "chartmogul"


M = TypeVar("M", bound=Record)

Ask = Callable[[str, str], Awaitable[FailedPayment | None]]
"""Gives, of an account, the failed payment that is pointed at; None where it is none. Raises NotTold."""


class Unreadable(Exception):
    """The right sender, and nothing that can be understood. The message quotes nothing of the body."""


class Irrelevant(Unreadable):
    """It can be understood, and tells of nothing that a template is for."""


class PointsAt(Irrelevant):
    """By itself; what it points at may be a failed payment, which its sender's API tells."""

    def __init__(self, said: str, reference: str) -> None:
        super().__init__(said)
        self.reference = reference


@dataclass(frozen=True)
class Delivery:
    """A webhook's body as it came. `source` is one of PARSERS."""

    source: str
    account: str
    body: bytes

    @property
    def digest(self) -> str:
        """The same body is one dead letter, however often it comes. ChartMogul's were made before there were
        other sources."""
        source = b"" if self.source == CHARTMOGUL else b"%b\0" % self.source.encode()
        return blake2b(source + b"%b\0%b" % (self.account.encode(), self.body), digest_size=12).hexdigest()


def event_of(delivery: Delivery) -> AnyEvent:
    """Raises Unreadable."""
    return PARSERS[delivery.source](delivery.body, delivery.account)


async def event_behind(delivery: Delivery, ask: Ask) -> AnyEvent:
    """Also of one that only points at it. Raises Unreadable, and what `ask` does where nobody answers."""
    try:
        return event_of(delivery)
    except PointsAt as pointer:
        reference = pointer.reference
    try:
        found = await ask(delivery.account, reference)
    except NotTold as why:
        raise Unreadable(f"It only points at a transaction: {why}") from None
    if found is None:
        raise Irrelevant("This is no failed payment: what it points at is none, or is not there.")
    return found


def _chartmogul(body: bytes, account: str) -> MrrMovement:
    said = _json(body)
    try:
        return movement_from_webhook(MovementWebhook.model_validate(said), account)
    except ValidationError as error:
        raise Unreadable(f"This is no MRR movement: {_mismatch(error)}.") from None
    except NotAMovement as error:
        raise Unreadable(f"This is no MRR movement: {error}.") from None


def _billing(
    model: type[M], read: Callable[[M, str], FailedPayment], body: bytes, account: str
) -> FailedPayment:
    try:
        return read(model.model_validate(_json(body)), account)
    except OnlyPoints as pointer:
        raise PointsAt(f"This is no failed payment by itself: {pointer}.", pointer.transaction) from None
    except NoFailedPayment as other:
        raise Irrelevant(f"This is no failed payment: {other}.") from None
    except ValidationError as error:
        raise Unreadable(f"This is no failed payment: {_mismatch(error)}.") from None


def _json(body: bytes) -> object:
    try:
        return loads(body)
    except ValueError:
        raise Unreadable("The body is no JSON.") from None


PARSERS: dict[str, Callable[[bytes, str], AnyEvent]] = {
    CHARTMOGUL: _chartmogul,
    "stripe": partial(_billing, StripeEvent, from_stripe),
    "chargebee": partial(_billing, ChargebeeEvent, from_chargebee),
    "recurly": partial(_billing, RecurlyNotification, from_recurly),
}
"""By source. Each takes a body and the account whose it is, and raises Unreadable."""


def _mismatch(error: ValidationError) -> str:
    """Without what was sent: a body holds names."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    # the text of a value error may quote the value
    reason = "it cannot be read" if first["type"] == "value_error" else first["msg"]
    return f"{where}: {reason}"
