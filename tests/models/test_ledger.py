"""The chain of the audit: what is hashed, and that a row told twice is one."""

import hashlib
import json

import pytest

import models.ledger
from models.audit import AuditRow
from models.ledger import FIRST, AuditPlace, Chain, LedgerState, content_of
from tests.audited import links, row


def test_a_row_is_hashed_with_its_number_and_the_hash_before_it() -> None:
    """As it is documented: anybody can compute it."""
    one, two = links(2)
    for link, before in ((one, FIRST), (two, one.hash)):
        text = json.dumps(link.row, sort_keys=True, separators=(",", ":"))
        said = f"{before}\n{link.number}\n{text}".encode()
        assert (link.previous, link.hash) == (before, hashlib.sha256(said).hexdigest())


def test_a_row_told_twice_is_one_row() -> None:
    chain = Chain(LedgerState(account="default"))
    assert chain.append(row(1))
    assert chain.append(row(2))
    end = chain.place
    assert chain.append(row(1)) is None
    assert chain.place == end


def test_the_next_run_knows_what_the_last_one_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.ledger, "MOST_KNOWN", 3)
    chain = Chain(LedgerState(account="default"))
    for number in range(1, 6):
        chain.append(row(number))
    state = LedgerState(account="default", number=chain.number, head=chain.head, known=chain.known)
    again = Chain(LedgerState.model_validate_json(state.model_dump_json()))
    assert again.place == chain.place == AuditPlace(number=5, head=links(5)[-1].hash)
    assert [again.append(row(number)) for number in (3, 4, 5)] == [None, None, None]
    assert again.append(row(6)) == links(6)[-1]


def test_a_field_that_a_later_version_adds_changes_no_hash_of_an_older_row() -> None:
    class LaterRow(AuditRow):
        more: str = ""

    later = LaterRow.model_validate(row(1).model_dump())
    assert content_of(later) == content_of(row(1))
