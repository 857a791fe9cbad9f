"""Writes a pack: whole or not at all, and never another one in its place."""

import fcntl
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import minisign
from pydantic import ValidationError
from ruamel.yaml import YAML

from clients.kit.errors import Rejected
from domains.reconciliation.pack.keys import as_text
from domains.reconciliation.pack.readme import readme
from domains.reconciliation.pack.run import RUN, Chained, Counts, RunFile
from domains.reconciliation.pack.sums import SIGNATURE, SUMS, write_sums
from domains.reconciliation.parquet import SYSTEM, read, sha256_of
from domains.reconciliation.report.files import write_report
from domains.reconciliation.report.reviewed import Reviewed
from domains.reconciliation.report.totals import amounts
from domains.reconciliation.snapshots import BEGUN, Snapshots, as_name, make_private, put_in_place
from models.reconciliation.books import AccountSheet, Reading
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import PackRef, SnapshotPlace

RAW = "raw"
NO_RATES = "date,currency,rate,source\n"


@dataclass(frozen=True)
class Contents:
    """`readings` are what was judged, and where each of them is."""

    reviewed: Reviewed
    workflow_id: str
    code_version: str
    readings: Sequence[tuple[SnapshotPlace, Reading]] = ()

    @property
    def account(self) -> str:
        return self.reviewed.judgement.account

    @property
    def period(self) -> str:
        return self.reviewed.period

    @property
    def number(self) -> int:
        return self.reviewed.number


class Packs:
    """`FOLDER/period/account/run-n/`. Without a key they are not signed."""

    def __init__(self, folder: Path, snapshots: Snapshots, key: minisign.SecretKey | None) -> None:
        self._folder, self._snapshots, self._key = folder, snapshots, key

    def write(self, contents: Contents) -> PackRef:
        """Written again from the same it is the same pack. Raises Rejected where another one has its number,
        where the month is signed, or where sums do not close."""
        runs = self._runs(contents.period, contents.account)
        runs.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(self._folder):
            for left in runs.glob(f"{BEGUN}*"):  # by a process that was killed: nobody else writes now
                shutil.rmtree(left)
            target = runs / f"run-{contents.number}"
            self._refuse_signed(runs, target)
            own = Path(tempfile.mkdtemp(prefix=BEGUN, dir=runs))
            try:
                run = self._run(contents, run_of(target))
                files = self._fill(own, contents, run)
                if not put_in_place(own, target):
                    _refuse_other(own, target)
                return self._ref(target, run, files)
            finally:
                shutil.rmtree(own, ignore_errors=True)

    def of(self, account: str, period: str) -> list[RunFile]:
        """What the packs of a month say of themselves."""
        return [run for each in _packs_in(self._runs(period, account)) if (run := run_of(each))]

    def signed_mrr(self, account: str, before: str) -> dict[str, int]:
        """ChartMogul's MRR of the account, in hundredths, as it was signed for each month before."""
        found: dict[str, int] = {}
        for runs in sorted(self._folder.glob(f"*/{as_name(account)}")):
            for each in _packs_in(runs) if runs.parent.name < before else ():
                run = run_of(each)
                if run and run.sign_off and (mrr := _mrr_of(each, run)) is not None:
                    found[run.period] = mrr
        return found

    def _runs(self, period: str, account: str) -> Path:
        return self._folder / period / as_name(account)

    def _refuse_signed(self, runs: Path, target: Path) -> None:
        for each in _packs_in(runs):
            run = run_of(each)
            if each != target and run and run.sign_off:
                raise Rejected(SYSTEM, f"{run.period} is signed, by run {run.number}: it stays as it is.")

    def _run(self, contents: Contents, there: RunFile | None) -> RunFile:
        """Chained as the pack that is there already, where there is one: others may have come since."""
        judgement, number = contents.reviewed.judgement, contents.number
        runs = self._runs(contents.period, contents.account)
        before = [each for each in _packs_in(runs) if _number(each) < number]
        return RunFile(
            account=contents.account,
            period=contents.period,
            kind=judgement.kind,
            number=number,
            workflow_id=contents.workflow_id,
            code_version=contents.code_version,
            public_key=as_text(self._key.get_public_key()) if self._key else "",
            snapshot_at=judgement.snapshot_at,
            judged_at=judgement.judged_at,
            late_snapshot=judgement.late_snapshot,
            rules_version=judgement.rules_version,
            rules_digest=judgement.rules_digest,
            counts=_counts(contents.reviewed),
            amounts=amounts(contents.reviewed),
            account_mrr=judgement.account_mrr,
            stopped=judgement.stopped,
            controls=judgement.controls,
            readings=[reading for _, reading in contents.readings],
            sign_off=contents.reviewed.sign_off,
            month_before=there.month_before if there else self._month_before(contents),
            run_before=there.run_before if there else _chained(before[-1:]),
        )

    def _month_before(self, contents: Contents) -> Chained | None:
        """Of the last month that has packs the signed one, or else the last one."""
        folders = sorted(self._folder.glob(f"*/{as_name(contents.account)}"), reverse=True)
        for runs in folders:
            if runs.parent.name < contents.period and (packs := _packs_in(runs)):
                signed = [each for each in packs if (run := run_of(each)) and run.sign_off]
                return _chained(signed[-1:] or packs[-1:])
        return None

    def _fill(self, own: Path, contents: Contents, run: RunFile) -> int:
        reviewed = contents.reviewed
        write_report(own, reviewed)
        with_raw = reviewed.rules.keep_personal_data
        if with_raw:
            self._copy_raw(own / RAW, contents.readings)
        texts = {
            "rules.yaml": as_yaml(reviewed.rules),
            "settings.json": reviewed.judgement.settings.model_dump_json(indent=1) + "\n",
            "rates.csv": reviewed.rates or NO_RATES,
            RUN: run.model_dump_json(indent=1) + "\n",
            "README.txt": readme(run, with_raw=with_raw),
        }
        for name, text in texts.items():
            (own / name).write_bytes(text.encode())
        files = write_sums(own)
        self._sign(own, run)
        make_private(own)
        return files

    def _copy_raw(self, raw: Path, readings: Sequence[tuple[SnapshotPlace, Reading]]) -> None:
        """As it was read, to the byte. Raises Rejected where it no longer is."""
        raw.mkdir()
        for place, reading in readings:
            for file in reading.files:
                name = raw_name(reading.system, reading.site, file.table)
                if (raw / name).exists():
                    raise Rejected(SYSTEM, f"There would be two files raw/{name}.")
                shutil.copyfile(self._snapshots.checked(place, file), raw / name)

    def _sign(self, own: Path, run: RunFile) -> None:
        if self._key:
            signature = self._key.sign((own / SUMS).read_bytes(), trusted_comment=trusted_comment(run))
            (own / SIGNATURE).write_bytes(bytes(signature) + b"\n")

    def _ref(self, target: Path, run: RunFile, files: int) -> PackRef:
        previous = run.month_before.sha256 if run.month_before else ""
        path = target.relative_to(self._folder).as_posix()
        return PackRef(path=path, sha256=sha256_of(target / SUMS), files=files, previous=previous)


def trusted_comment(run: RunFile) -> str:
    """What minisign shows as trusted: a pack that is called otherwise is another one."""
    return f"period={run.period} account={as_name(run.account)} run={run.number}"


def as_yaml(rules: ReconciliationRules) -> str:
    stream, yaml = io.StringIO(), YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 110
    yaml.dump(rules.model_dump(mode="json"), stream)
    return stream.getvalue()


def run_of(pack: Path) -> RunFile | None:
    """None where there is no pack. Raises Rejected where it is not as it was written."""
    try:
        return RunFile.model_validate_json((pack / RUN).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise Rejected(SYSTEM, f"{pack / RUN} says nothing of a run: it was edited.") from None


def _mrr_of(pack: Path, run: RunFile) -> int | None:
    """Older packs have it in what was read alone, where they have that."""
    sheet = pack / RAW / f"{raw_name('chartmogul', run.account, 'sheet')}"
    if run.account_mrr is not None or not sheet.is_file():
        return run.account_mrr
    return next((each.mrr for each in read(sheet, AccountSheet)), None)


def raw_name(system: str, site: str, table: str) -> str:
    of_site = "" if site == "default" else f"-{as_name(site)}"
    return f"{as_name(system)}{of_site}-{as_name(table)}.parquet"


def _refuse_other(own: Path, target: Path) -> None:
    there = target / SUMS
    if not there.is_file() or there.read_bytes() != (own / SUMS).read_bytes():
        raise Rejected(SYSTEM, f"{target.name} is there already, and says something else.")


def _counts(reviewed: Reviewed) -> Counts:
    findings = reviewed.judgement.findings
    differing = sum(1 for each in findings if each.difference)
    return Counts(findings=len(findings), differing=differing, open=sum(each.is_open for each in findings))


def _packs_in(runs: Path) -> list[Path]:
    """By their numbers."""
    return sorted((each for each in runs.glob("run-*") if _number(each)), key=_number)


def _number(pack: Path) -> int:
    number = pack.name.removeprefix("run-")
    return int(number) if number.isascii() and number.isdigit() else 0


def _chained(packs: Sequence[Path]) -> Chained | None:
    for each in packs:
        if run := run_of(each):
            return Chained(period=run.period, number=run.number, sha256=sha256_of(each / SUMS))
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two that write at once would be chained to the same pack, or sign a month beside each other."""
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
