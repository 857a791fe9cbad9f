"""The evidence pack: the same bytes each time, verified by others' programs, written once."""

import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import minisign
import pytest
from ruamel.yaml import YAML

from clients.kit.errors import Rejected
from domains.reconciliation.pack import write
from domains.reconciliation.pack.keys import as_text, load_key, make_key, public_key
from domains.reconciliation.pack.sums import write_sums
from domains.reconciliation.pack.write import Contents, Packs, run_of
from domains.reconciliation.snapshots import Snapshots
from domains.reconciliation.verify import Fault, Found, verify
from models.reconciliation.books import AccountSheet, BillingSubscription, Reading, Standing
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import PackRef, SignOff, SnapshotPlace
from tests.domains.reconciliation.months import RATES, judgement, reviewed, signed

PLACE = SnapshotPlace(account="default", period="2026-10")
AT = datetime(2026, 10, 31, 23, 10, tzinfo=UTC)
RUN = "2026-10/default/run-1"


def keep_raw(snapshots: Snapshots) -> list[tuple[SnapshotPlace, Reading]]:
    """Of a billing system at the cut, and of ChartMogul on the final day."""
    sub = BillingSubscription(
        system="stripe", site="default", id="sub_1", customer_id="cus_1", currency="USD",
        standing=Standing.ACTIVE,
    )  # fmt: skip
    final = PLACE.model_copy(update={"part": "final"})
    found = []
    for place, system, table, records in (
        (PLACE, "stripe", "subscriptions", [sub]),
        (final, "chartmogul", "sheet", [AccountSheet(mrr=5)]),
    ):
        with snapshots.writing(place, system, "default") as writing:
            writing.add(table, records)
            reading = Reading(system=system, site="default", began_at=AT, ended_at=AT)
            found.append((place, writing.finish(reading).reading))
    return found


class Installation:
    """A folder of packs, with a key and one snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "packs"
        self.public = make_key(folder / "key")
        self.snapshots = Snapshots(folder / "snapshots")
        self.readings = keep_raw(self.snapshots)
        self.packs = Packs(self.folder, self.snapshots, load_key(folder / "key"))

    def write(self, period: str = "2026-10", number: int = 1, sign_off: SignOff | None = None) -> PackRef:
        of = reviewed(judgement(period=period), number, sign_off)
        return self.packs.write(
            Contents(of, f"reconciliation/default/{period}/final", "0.1.0", self.readings)
        )

    def faults(self, of: str = "", key: str = "") -> list[Found]:
        return verify(self.folder / of, key or self.public).faults


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Three months; October was run twice, and signed."""
    there = Installation(tmp_path_factory.mktemp("packs"))
    there.write("2026-08")
    there.write("2026-09", sign_off=signed())
    first = there.write("2026-10")
    there.write("2026-10", 2, signed(first.sha256))
    return there


@pytest.fixture
def installation(written: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may be at."""
    copy = object.__new__(Installation)
    copy.__dict__ |= written.__dict__ | {"folder": tmp_path / "packs"}
    shutil.copytree(written.folder, copy.folder)
    copy.packs = Packs(copy.folder, copy.snapshots, written.packs._key)
    return copy


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- as it is written


def test_a_pack_has_all_that_it_lists(written: Installation) -> None:
    assert sorted(content(written.folder / RUN)) == [
        "README.txt", "SHA256SUMS", "SHA256SUMS.minisig", "causes.csv", "differences.csv", "documents.csv",
        "proposals.csv", "rates.csv", "raw/chartmogul-sheet.parquet", "raw/stripe-subscriptions.parquet",
        "report.html", "report.xlsx", "rules.yaml", "run.json", "settings.json",
    ]  # fmt: skip
    modes = {path.stat().st_mode & 0o777 for path in (written.folder / RUN).rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert (written.folder / RUN / "rates.csv").read_text() == RATES
    rules = YAML(typ="safe").load((written.folder / RUN / "rules.yaml").read_text())
    assert ReconciliationRules.model_validate(rules) == reviewed().rules
    place, reading = written.readings[0]
    raw = (written.folder / RUN / "raw/stripe-subscriptions.parquet").read_bytes()
    assert raw == written.snapshots.checked(place, reading.files[0]).read_bytes()


def test_what_was_signed_is_found_also_in_packs_of_before_it_was_said(installation: Installation) -> None:
    """Those have it in what was read of ChartMogul."""
    mrr = judgement().account_mrr
    assert installation.packs.signed_mrr("default", "2026-11") == {"2026-09": mrr, "2026-10": mrr}
    assert installation.packs.signed_mrr("default", "2026-10") == {"2026-09": mrr}
    assert installation.packs.signed_mrr("other", "2026-11") == {}
    file = installation.folder / "2026-09/default/run-1/run.json"
    said = json.loads(file.read_bytes())
    del said["account_mrr"]
    file.write_text(json.dumps(said))
    assert installation.packs.signed_mrr("default", "2026-10") == {"2026-09": 5}
    (file.parent / "raw/chartmogul-sheet.parquet").unlink()
    assert installation.packs.signed_mrr("default", "2026-10") == {}


def test_two_runs_on_one_snapshot_are_byte_identical(written: Installation, tmp_path: Path) -> None:
    other = Packs(tmp_path / "packs", written.snapshots, written.packs._key)
    of = reviewed(judgement(period="2026-08"))
    ref = other.write(Contents(of, "reconciliation/default/2026-08/final", "0.1.0", written.readings))
    one, two = written.folder / "2026-08/default/run-1", tmp_path / "packs" / ref.path
    assert content(one) == content(two)


def test_personal_data_may_be_left_out(written: Installation, tmp_path: Path) -> None:
    packs = Packs(tmp_path, written.snapshots, written.packs._key)
    of = reviewed()
    without = of.rules.model_copy(update={"keep_personal_data": False})
    told = Contents(type(of)(of.judgement, without), "w", "0.1.0", written.readings)
    folder = tmp_path / packs.write(told).path
    assert not (folder / "raw").exists()
    assert "left out: the rules say to keep no personal data" in (folder / "README.txt").read_text()
    assert verify(folder, written.public).is_whole


def test_a_pack_says_where_it_comes_from_and_what_it_is_chained_to(written: Installation) -> None:
    run = run_of(written.folder / "2026-10/default/run-2")
    assert run
    assert (run.workflow_id, run.code_version) == ("reconciliation/default/2026-10/final", "0.1.0")
    assert run.month_before
    assert (run.month_before.period, run.month_before.number) == ("2026-09", 1)
    assert run.run_before
    assert run.run_before.number == 1
    assert run.counts.open == 2
    assert [reading.system for reading in run.readings] == ["stripe", "chartmogul"]


# -- written once


def test_written_again_it_is_the_same_pack(installation: Installation) -> None:
    before = content(installation.folder)
    first = run_of(installation.folder / "2026-10/default/run-1")
    assert first
    ref = installation.write("2026-10", 2, signed(sha(installation, 1)))
    assert (ref.path, ref.sha256) == ("2026-10/default/run-2", sha(installation, 2))
    assert content(installation.folder) == before


def sha(installation: Installation, number: int) -> str:
    [found] = verify(installation.folder / f"2026-10/default/run-{number}", installation.public).packs
    return found.sha256


@pytest.mark.parametrize("number", [1, 3])
def test_a_signed_month_is_never_rewritten(installation: Installation, number: int) -> None:
    before = content(installation.folder)
    with pytest.raises(Rejected, match="2026-10 is signed, by run 2"):
        installation.write("2026-10", number)
    with pytest.raises(Rejected, match="says something else"):
        installation.write("2026-10", 2, signed("cd" * 32))
    assert content(installation.folder) == before


def test_a_number_has_one_pack(installation: Installation) -> None:
    with pytest.raises(Rejected, match="run-1 is there already, and says something else"):
        installation.write("2026-08", sign_off=signed())


def test_what_fails_midway_leaves_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(folder: Path) -> int:
        assert (folder / "report.html").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "write_sums", interrupted)
    with suppress(KeyboardInterrupt):
        installation.write("2026-11")
    assert list((installation.folder / "2026-11/default").iterdir()) == []


def test_raw_data_that_was_changed_is_not_signed(installation: Installation, tmp_path: Path) -> None:
    place, reading = installation.readings[0]
    file = reading.files[0].model_copy(update={"sha256": "0" * 64})
    installation.readings = [(place, reading.model_copy(update={"files": [file]}))]
    with pytest.raises(Rejected, match="is not what was read"):
        installation.write("2026-11")


# -- verified by others


def test_sha256sum_agrees(written: Installation) -> None:
    ran = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=written.folder / RUN,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(": OK\n") == 13


@pytest.mark.skipif(not shutil.which("minisign"), reason="minisign's own program is not installed")
def test_minisign_agrees(written: Installation) -> None:
    ran = subprocess.run(
        ["minisign", "-V", "-P", written.public, "-m", "SHA256SUMS"],
        cwd=written.folder / RUN,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Trusted comment: period=2026-10 account=default run=1" in ran.stdout


OF_MINISIGN = "RWRPayuCk1oJuGr6+RY3H3dGd5Ve35ofsi36eesyqqcoSGG7SgMVnOTm"
BY_MINISIGN = b"""\
untrusted comment: signature from minisign secret key
RURPayuCk1oJuONyhSqTZeItKElM9fwpOkB+H/Oqv2bDMHJMY3gRAEM5iG5xdj1q/brFrn3BJ5n5hATmwaf9foatccRZJGrmVgo=
trusted comment: period=2026-10 account=default run=1
CZavaBezj1heBjcbFupg26AjgpjwZTwsR7qN1se86QmQ5DEcr5nWcphrTNCRJidoyDQ9XNvO5YEY6AfD2BnMCQ==
"""
"""Of `evidence` and a line feed, by minisign 0.11."""


def test_a_signature_of_minisign_itself_is_right() -> None:
    key, signature = public_key(OF_MINISIGN), minisign.Signature.from_bytes(BY_MINISIGN)
    key.verify(b"evidence\n", signature)
    with pytest.raises(minisign.VerifyError):
        key.verify(b"Evidence\n", signature)


# -- keys


def test_a_key_is_for_its_owner_alone_and_none_takes_its_place(tmp_path: Path) -> None:
    public = make_key(tmp_path / "new" / "key")
    assert (tmp_path / "new/key").stat().st_mode & 0o777 == 0o600
    assert public == as_text(public_key(str(tmp_path / "new/key.pub")))
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "new/key")
    assert as_text(load_key(tmp_path / "new/key").get_public_key()) == public


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    with pytest.raises(Rejected, match="no secret key of minisign"):
        load_key(tmp_path / "key")
    with pytest.raises(Rejected, match="neither a public key"):
        public_key("RWQ")
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt("password", opslimit=32_768, memlimit=16_777_216)
    (tmp_path / "key").write_bytes(bytes(pair.secret_key))
    with pytest.raises(Rejected, match="has a password"):
        load_key(tmp_path / "key")


# -- tampering


def changed(pack: Path) -> None:
    file = pack / "causes.csv"
    file.write_bytes(file.read_bytes().replace(b"1", b"2", 1))


def cut_off(pack: Path) -> None:
    (pack / "report.html").write_bytes(b"")


def removed(pack: Path) -> None:
    (pack / "raw/stripe-subscriptions.parquet").unlink()


def added(pack: Path) -> None:
    (pack / "raw/.more").write_text("x")


def linked(pack: Path) -> None:
    (pack / "rates.csv").rename(pack.parent / "rates.csv")
    (pack / "rates.csv").symlink_to(pack.parent / "rates.csv")


def sums_too(pack: Path) -> None:
    changed(pack)
    write_sums(pack)


def signature_removed(pack: Path) -> None:
    (pack / "SHA256SUMS.minisig").unlink()


def signature_of_another(pack: Path) -> None:
    other = pack.parent.parent.parent / "2026-09/default/run-1/SHA256SUMS.minisig"
    shutil.copy(other, pack / "SHA256SUMS.minisig")


def comment_edited(pack: Path) -> None:
    file = pack / "SHA256SUMS.minisig"
    file.write_text(file.read_text().replace("run=1", "run=7"))


def signed_by_another(pack: Path) -> None:
    sums_too(pack)
    key = minisign.KeyPair.generate().secret_key
    signature = key.sign((pack / "SHA256SUMS").read_bytes(), trusted_comment="period=2026-10")
    (pack / "SHA256SUMS.minisig").write_bytes(bytes(signature) + b"\n")


def signature_garbled(pack: Path) -> None:
    (pack / "SHA256SUMS.minisig").write_bytes(b"\xff\n" * 4)


def sums_removed(pack: Path) -> None:
    (pack / "SHA256SUMS").unlink()


def sums_lead_elsewhere(pack: Path) -> None:
    file = pack / "SHA256SUMS"
    file.write_text(file.read_text() + f"{'0' * 64}  ../../secret\n")


def run_garbled(pack: Path) -> None:
    (pack / "run.json").write_text("{}")


TAMPERINGS: list[tuple[Callable[[Path], None], Fault, str]] = [
    (changed, Fault.CHANGED, "causes.csv"),
    (cut_off, Fault.CHANGED, "report.html"),
    (removed, Fault.MISSING, "raw/stripe-subscriptions.parquet"),
    (added, Fault.ADDED, "raw/.more"),
    (linked, Fault.CHANGED, "rates.csv"),
    (sums_too, Fault.WRONG_SIGNATURE, "SHA256SUMS"),
    (signature_removed, Fault.NOT_SIGNED, "SHA256SUMS.minisig"),
    (signature_of_another, Fault.WRONG_SIGNATURE, "SHA256SUMS"),
    (comment_edited, Fault.WRONG_SIGNATURE, "SHA256SUMS"),
    (signed_by_another, Fault.WRONG_KEY, "SHA256SUMS.minisig"),
    (signature_garbled, Fault.UNREADABLE, "SHA256SUMS.minisig"),
    (sums_removed, Fault.MISSING, "SHA256SUMS"),
    (sums_lead_elsewhere, Fault.UNREADABLE, "SHA256SUMS"),
    (run_garbled, Fault.UNREADABLE, "run.json"),
]


@pytest.mark.parametrize(
    ("tamper", "fault", "where"), TAMPERINGS, ids=[each.__name__ for each, _, _ in TAMPERINGS]
)
def test_a_tampering_is_found_and_named(
    installation: Installation, tamper: Callable[[Path], None], fault: Fault, where: str
) -> None:
    assert installation.faults() == installation.faults(RUN) == []
    tamper(installation.folder / RUN)
    assert (fault, where) in [found[:2] for found in installation.faults(RUN)]
    assert (fault, where) in [found[:2] for found in installation.faults()]


def test_a_pack_of_another_key_is_found(installation: Installation, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    assert {found.fault for found in installation.faults(key=other)} == {Fault.WRONG_KEY}


def test_without_a_known_key_it_is_said_whose_key_it_is(installation: Installation) -> None:
    [pack] = verify(installation.folder / RUN).packs
    assert pack.key == installation.public
    assert pack.remarks == ["the key is the pack's own: compare it with the one that you were given"]


def test_a_month_that_is_missing_is_found(installation: Installation) -> None:
    shutil.rmtree(installation.folder / "2026-09")
    found = installation.faults()
    assert {each[:2] for each in found} == {(Fault.MISSING, "2026-09/default/run-1")}
    assert "2026-09, run 1 is missing" in found[0].said


def test_a_last_month_that_is_missing_is_found_by_its_posted_hash(installation: Installation) -> None:
    posted = sha(installation, 2)
    assert verify(installation.folder, installation.public, posted).is_whole
    shutil.rmtree(installation.folder / "2026-10")
    assert verify(installation.folder, installation.public).is_whole
    [found] = verify(installation.folder, installation.public, posted).faults
    assert found.fault is Fault.MISSING


def test_a_month_that_was_written_anew_breaks_the_chain(installation: Installation) -> None:
    """By who has the key, with other figures."""
    shutil.rmtree(installation.folder / "2026-09")
    installation.write("2026-09", sign_off=signed("ef" * 32))
    assert {each[:2] for each in installation.faults()} == {(Fault.BROKEN_CHAIN, "2026-09/default/run-1")}


def test_months_that_changed_places_are_found(installation: Installation) -> None:
    one, two, aside = (installation.folder / name for name in ("2026-08", "2026-09", "aside"))
    one.rename(aside)
    two.rename(one)
    aside.rename(two)
    found = installation.faults()
    assert {each.fault for each in found} == {Fault.WRONG_PLACE}
    assert len(found) == 2


def test_a_pack_that_is_there_twice_is_found(installation: Installation) -> None:
    shutil.copytree(installation.folder / RUN, installation.folder / "copies/run-of-october")
    assert [each.fault for each in installation.faults()] == [Fault.BROKEN_CHAIN]


def test_a_month_that_was_made_late_is_told_and_no_fault(installation: Installation) -> None:
    installation.write("2026-12")
    installation.write("2026-11")
    found = verify(installation.folder, installation.public)
    assert found.is_whole
    assert found.remarks == ["2026-12/default/run-1 is chained to 2026-10: 2026-11 was made later"]


def test_accounts_have_chains_of_their_own(installation: Installation) -> None:
    for period in ("2026-09", "2026-10"):
        of = reviewed(judgement(period=period, account="eu west/2"))
        ref = installation.packs.write(Contents(of, "w", "0.1.0"))
        assert ref.path == f"{period}/eu%20west%2F2/run-1"
    assert verify(installation.folder, installation.public).is_whole


def test_a_pack_without_a_key_says_so_and_is_not_taken_for_whole(tmp_path: Path) -> None:
    packs = Packs(tmp_path, Snapshots(tmp_path / "s"), None)
    folder = tmp_path / packs.write(Contents(reviewed(), "w", "0.1.0")).path
    assert "It is not signed" in (folder / "README.txt").read_text()
    assert [each.fault for each in verify(folder).faults] == [Fault.NOT_SIGNED]


def test_a_half_written_pack_is_none(installation: Installation) -> None:
    shutil.copytree(installation.folder / RUN, installation.folder / "2026-10/default/.begun-x")
    assert installation.faults() == []
