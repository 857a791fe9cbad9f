"""One parser for each source, and one dead letter for each body."""

import pytest

from dispatch.deliveries import CHARTMOGUL, PARSERS, Delivery, Unreadable, event_of
from models.deliveries import UnreadableDelivery


def test_a_dead_letter_of_before_there_were_sources_is_chartmoguls() -> None:
    assert UnreadableDelivery.model_fields["source"].default in PARSERS


def test_the_digest_of_chartmoguls_has_always_been_this() -> None:
    assert Delivery(CHARTMOGUL, "default", b"{}").digest == "0eec50173570db373e94a24d"


def test_the_same_body_of_another_source_or_account_is_another_dead_letter() -> None:
    ones = [Delivery(CHARTMOGUL, "default", b"{}"), Delivery("billing", "default", b"{}")]
    ones += [Delivery(CHARTMOGUL, "europe", b"{}"), Delivery(CHARTMOGUL, "default", b"[]")]
    assert len({each.digest for each in ones}) == len(ones)


@pytest.mark.parametrize("source", PARSERS)
def test_what_cannot_be_understood_is_said_without_quoting_it(source: str) -> None:
    for body in (b"\xff", b"[]", b'{"type": "Ann Lee"}'):
        with pytest.raises(Unreadable) as unreadable:
            event_of(Delivery(source, "default", body))
        assert "Ann Lee" not in str(unreadable.value)
