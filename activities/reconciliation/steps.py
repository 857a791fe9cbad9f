"""What a month's reconciliation does with what was read: judge it, and write its evidence."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from activities.definition import step_activity
from activities.heartbeats import heartbeats
from clients.kit.errors import Rejected
from domains.reconciliation.about import ABOUT
from domains.reconciliation.corrections import correctable
from domains.reconciliation.cut import month_cut
from domains.reconciliation.month import Before, corrections, difference_now, judge_month
from domains.reconciliation.pack.keys import load_key
from domains.reconciliation.pack.write import NO_RATES, Contents, Packs
from domains.reconciliation.rates import Unreadable
from domains.reconciliation.report.reviewed import Reviewed
from domains.reconciliation.report.totals import amounts
from domains.reconciliation.settings import Reconciliation
from domains.reconciliation.snapshots import Snapshots
from models.changes import MOST_CORRECTIONS, Correction
from models.reconciliation.findings import Finding, Judgement
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import (
    MOST_OPEN,
    FindCorrections,
    Judged,
    JudgeWork,
    OpenFinding,
    PackRef,
    PackWork,
    PreparedMonth,
    PrepareWork,
    Proposed,
    Rechecked,
    RecheckWork,
    SnapshotPlace,
)

JUDGEMENT = "judgement.json"
SYSTEM = "reconciliation"
LARGEST_RATES = 20 * 1024 * 1024


@dataclass
class _Doing:
    doing: str = "beginning"

    def note(self, doing: str) -> None:
        self.doing = doing


class ReconciliationActivities:
    def __init__(self, settings: Reconciliation) -> None:
        self._settings = settings
        self._snapshots = Snapshots(settings.snapshots)

    @step_activity("reconciliation.prepare")
    async def prepare(self, work: PrepareWork) -> PreparedMonth:
        packs = self._packs().of(work.account, work.period)
        return PreparedMonth(
            cut=month_cut(work.period, work.time_zone),
            signed=any(each.sign_off for each in packs),
            packs=max((each.number for each in packs), default=0),
            looks=self._snapshots.looks(work.account, work.period),
        )

    @step_activity("reconciliation.judge")
    async def judge(self, work: JudgeWork) -> Judged:
        doing = _Doing()
        async with heartbeats(lambda: vars(doing)):
            return await asyncio.to_thread(self._judge, work, doing)

    def _judge(self, work: JudgeWork, doing: _Doing) -> Judged:
        signed = self._packs().signed_mrr(work.place.account, work.place.period)
        before = Before(self._first_seen(work.place), signed)
        try:
            judgement = judge_month(self._snapshots, work, rates_of(work.rules), before, doing.note)
        except Unreadable as error:
            raise Rejected(SYSTEM, f"{work.rules.rates_file}: {error}") from None
        sha256 = self._keep(work.place, judgement)
        return _judged(judgement, work.rules, sha256)

    @step_activity("reconciliation.find_corrections")
    async def find_corrections(self, work: FindCorrections) -> Proposed:
        """What findings call for in ChartMogul, and nothing of it done. Raises Rejected where a finding is
        not in the judgement."""
        doing = _Doing("looking what can be corrected")
        async with heartbeats(lambda: vars(doing)):
            return await asyncio.to_thread(self._find_corrections, work)

    def _find_corrections(self, work: FindCorrections) -> Proposed:
        known = {each.id: each for each in self._kept(work.judge.place, work.judged.sha256).findings}
        if unknown := [each for each in work.findings if each not in known]:
            raise Rejected(SYSTEM, f"There is no finding {unknown[0]} in what was judged last.")
        wanted = [known[each] for each in dict.fromkeys(work.findings)] or _correctable(known.values())
        rates = rates_of(work.judge.rules)
        found, not_possible = corrections(self._snapshots, work.judge, rates, wanted)
        kept = _whole(found)
        more = len({each.finding for each in found} - {each.finding for each in kept})
        return Proposed(corrections=kept, more=more, not_possible=not_possible if work.findings else [])

    @step_activity("reconciliation.recheck")
    async def recheck(self, work: RecheckWork) -> Rechecked:
        """A row's difference, as it is now."""
        doing = _Doing("comparing the row again")
        async with heartbeats(lambda: vars(doing)):
            rates = rates_of(work.rules)
            return Rechecked(difference=await asyncio.to_thread(difference_now, self._snapshots, work, rates))

    @step_activity("reconciliation.write_pack")
    async def write_pack(self, work: PackWork) -> PackRef:
        """Written again it is the same. Raises Rejected where the judgement is not the one that was made."""
        doing = _Doing("writing the pack")
        async with heartbeats(lambda: vars(doing)):
            return await asyncio.to_thread(self._write, work)

    def _write(self, work: PackWork) -> PackRef:
        judgement = self._kept(work.place, work.judged.sha256)
        reviewed = Reviewed(
            judgement=judgement,
            rules=work.rules,
            number=work.number,
            about=ABOUT,
            owners=work.owners,
            notes=work.notes,
            sign_off=work.sign_off,
            rates=rates_of(work.rules),
            corrections=self._proposable(judgement, work),
        )
        readings = [(each.place, each.reading) for each in work.readings]
        return self._packs().write(Contents(reviewed, work.run_id, code_version(), readings))

    def _proposable(self, judgement: Judgement, work: PackWork) -> Sequence[Correction]:
        if not (wanted := _correctable(judgement.findings)):
            return []
        place, kind, cut = work.place, work.kind, judgement.cut
        judge = JudgeWork(place=place, kind=kind, cut=cut, rules=work.rules, readings=work.readings)
        return corrections(self._snapshots, judge, rates_of(work.rules), wanted)[0]

    def _packs(self) -> Packs:
        key = load_key(self._settings.key_file) if self._settings.key_file.exists() else None
        return Packs(self._settings.packs, self._snapshots, key)

    # -- judgements

    def _keep(self, place: SnapshotPlace, judgement: Judgement) -> str:
        """By the hash of what it says: the same judged again is the same."""
        content = judgement.model_dump_json(indent=1).encode() + b"\n"
        sha256 = hashlib.sha256(content).hexdigest()
        folder = self._snapshots.folder(place)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (f"judgement-{sha256[:16]}.json", JUDGEMENT):
            own = folder / f".{name}"
            own.write_bytes(content)
            own.chmod(0o600)
            own.replace(folder / name)
        return sha256

    def _kept(self, place: SnapshotPlace, sha256: str) -> Judgement:
        file = self._snapshots.folder(place) / f"judgement-{sha256[:16]}.json"
        content = file.read_bytes() if file.exists() else b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Rejected(SYSTEM, f"{file} is not what was judged: it was edited, or is not there.")
        return Judgement.model_validate_json(content)

    def _first_seen(self, place: SnapshotPlace) -> dict[str, str]:
        """By the judgement of the month before, where there is one."""
        earlier = SnapshotPlace(account=place.account, period=_before(place.period), part="final")
        file = self._snapshots.folder(earlier) / JUDGEMENT
        if not file.exists():
            return {}
        found = json.loads(file.read_bytes()).get("findings", [])
        return {each["id"]: each.get("first_seen") or earlier.period for each in found}


def _correctable(findings: Iterable[Finding]) -> list[Finding]:
    """Largest first."""
    found = (each for each in findings if correctable(each))
    return sorted(found, key=lambda each: (-abs(each.difference), each.id))


def _whole(found: Sequence[Correction]) -> list[Correction]:
    """As many as one change takes, each finding with all of its steps."""
    kept = list(found[:MOST_CORRECTIONS])
    while kept and kept[-1].predicted is None:
        kept.pop()
    return kept


def rates_of(rules: ReconciliationRules) -> str:
    """The file of rates, as it is; none where there is no file. Raises Rejected where it is too large."""
    file = Path(rules.rates_file)
    if not file.exists():
        return NO_RATES
    if file.stat().st_size > LARGEST_RATES:
        raise Rejected(SYSTEM, f"{file} is larger than {LARGEST_RATES // 2**20} MiB: no file of rates is.")
    return file.read_text(encoding="utf-8")


def code_version() -> str:
    try:
        return version("mogulflow")
    except PackageNotFoundError:  # run from its folder
        return "source"


def _judged(judgement: Judgement, rules: ReconciliationRules, sha256: str) -> Judged:
    reviewed = Reviewed(judgement=judgement, rules=rules)
    found = sorted(
        (each for each in judgement.findings if each.is_open),
        key=lambda each: (-abs(each.unexplained), each.id),
    )
    return Judged(
        file=JUDGEMENT,
        sha256=sha256,
        findings_sha256=_found(judgement),
        stopped=judgement.stopped,
        amounts=amounts(reviewed),
        rows=sum(each.rows for each in judgement.tie_outs),
        differing=sum(each.differing for each in judgement.tie_outs),
        open=[_open(each, reviewed) for each in found[:MOST_OPEN]],
        more_open=max(0, len(found) - MOST_OPEN),
    )


def _found(judgement: Judgement) -> str:
    """Without when, and how many calls it took."""
    apart = judgement.model_copy(update={"judged_at": judgement.cut.end, "controls": []})
    return hashlib.sha256(apart.model_dump_json().encode()).hexdigest()


def _open(finding: Finding, reviewed: Reviewed) -> OpenFinding:
    return OpenFinding(
        id=finding.id,
        subject=finding.subject,
        currency=finding.currency,
        difference=finding.difference,
        unexplained=finding.unexplained,
        causes=[each.cause for each in finding.causes],
        owner=reviewed.owner_of(finding),
    )


def _before(period: str) -> str:
    year, month = (int(part) for part in period.split("-"))
    return f"{year - (month == 1)}-{(month - 2) % 12 + 1:02}"
