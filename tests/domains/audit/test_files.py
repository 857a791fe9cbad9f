"""Files of the audit: atomic, for nobody else to read, and without a gap."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from clients.kit.errors import Rejected
from domains.audit.files import AuditFiles, line_of
from models.ledger import AuditPlace, Chain, LedgerState, Link
from tests.audited import CUSTOMER, links, row

DAY = date(2026, 11, 30)


@pytest.fixture
def files(tmp_path: Path) -> AuditFiles:
    return AuditFiles(tmp_path, "default")


def add(files: AuditFiles, some: list[Link], day: date = DAY, *, accept_gap: bool = False) -> None:
    with files.day(day) as open_file:
        open_file.add(some, accept_gap=accept_gap)


def test_rows_go_into_the_days_file_behind_those_that_are_there(files: AuditFiles) -> None:
    some = links(5)
    add(files, some[:2])
    add(files, some[2:3])
    add(files, some[3:], date(2026, 12, 1))
    assert [file.name for file in files.all()] == ["audit-2026-11-30.jsonl", "audit-2026-12-01.jsonl"]
    assert list(files.links()) == some
    assert list(files.links(after=3)) == some[3:]
    assert files.place() == some[-1].place
    written = files.written(2)
    assert written
    assert (written.file, written.first, written.number, written.head, written.new) == (
        ("audit-2026-12-01.jsonl", 4, 5, some[-1].hash, 2)
    )


def test_a_night_that_is_made_up_for_goes_behind_the_newest_row(files: AuditFiles) -> None:
    some = links(2)
    add(files, some[:1], date(2026, 12, 1))
    add(files, some[1:], DAY)
    assert [file.name for file in files.all()] == ["audit-2026-12-01.jsonl"]


def test_rows_about_a_customer_are_found_among_others(files: AuditFiles) -> None:
    chain = Chain(LedgerState(account="default"))
    told = [row(1), row(2, customer="cus_other"), row(3, customer="cus_other", asked_by=CUSTOMER)]
    some = [link for each in told if (link := chain.append(each))]
    add(files, some)
    assert list(files.about(CUSTOMER)) == some[:1]
    assert list(files.about("cus_none")) == []


def test_nobody_else_may_read_them_and_nothing_is_left_beside_them(files: AuditFiles) -> None:
    add(files, links(1))
    add(files, [])
    [file] = files.folder.iterdir()
    assert (file.stat().st_mode & 0o777, files.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_cut_off_in_the_middle_leaves_the_file_as_it_was(files: AuditFiles) -> None:
    some = links(3)
    add(files, some[:1])
    with suppress(KeyboardInterrupt), files.day(DAY) as day:
        day.add(some[1:])
        raise KeyboardInterrupt
    assert list(files.links()) == some[:1]
    assert len(list(files.folder.iterdir())) == 1


def test_a_gap_is_refused_and_leaves_the_file_as_it_was(files: AuditFiles) -> None:
    some = links(4)
    add(files, some[:1])
    with pytest.raises(Rejected, match="Row 3 would follow row 1"):
        add(files, some[2:])
    assert list(files.links()) == some[:1]
    add(files, some[2:], accept_gap=True)
    assert list(files.links()) == [some[0], *some[2:]]


def test_a_row_of_another_chain_is_refused(files: AuditFiles) -> None:
    add(files, links(1))
    with pytest.raises(Rejected, match="Row 2 does not fit to row 1"):
        add(files, links(2, account="europe")[1:])


@pytest.mark.parametrize("line", [b"{\n", b"\n", b"[]\n", b'{"number": 0}\n'])
def test_a_line_that_is_none_is_named(files: AuditFiles, line: bytes) -> None:
    add(files, links(1))
    [file] = files.all()
    file.write_bytes(line_of(links(1)[0]) + line)
    with pytest.raises(Rejected, match="line 2, is no row"):
        files.place()


@pytest.mark.parametrize("account", ["..", ".", "a/b", "eu west"])
def test_an_account_of_any_name_has_a_folder_within(tmp_path: Path, account: str) -> None:
    files = AuditFiles(tmp_path, account)
    assert files.folder.parent == tmp_path
    assert files.folder.resolve().parent == tmp_path.resolve()
    assert files.place() == AuditPlace()
