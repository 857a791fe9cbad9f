"""What a source has sent, and the event that it is: one parser for each source."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from pydantic import ValidationError

from models.chartmogul import MovementWebhook
from models.chartmogul_values import loads
from models.events import AnyEvent, MrrMovement, NotAMovement, movement_from_webhook

MAX_BODY = 256 * 1024
"""Bytes. A real body has about one thousand."""

CHARTMOGUL = "chartmogul"


class Unreadable(Exception):
    """The right sender, and nothing that can be understood. The message quotes nothing of the body."""


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


def _chartmogul(body: bytes, account: str) -> MrrMovement:
    try:
        said = loads(body)
    except ValueError:
        raise Unreadable("The body is no JSON.") from None
    try:
        return movement_from_webhook(MovementWebhook.model_validate(said), account)
    except ValidationError as error:
        raise Unreadable(f"This is no MRR movement: {_mismatch(error)}.") from None
    except NotAMovement as error:
        raise Unreadable(f"This is no MRR movement: {error}.") from None


PARSERS: dict[str, Callable[[bytes, str], AnyEvent]] = {CHARTMOGUL: _chartmogul}
"""By source. Each takes a body and the account whose it is, and raises Unreadable."""


def _mismatch(error: ValidationError) -> str:
    """Without what was sent: a body holds names."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    # the text of a value error may quote the value
    reason = "it cannot be read" if first["type"] == "value_error" else first["msg"]
    return f"{where}: {reason}"
