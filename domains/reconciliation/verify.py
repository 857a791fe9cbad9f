"""Whether a pack, or a folder of packs, is as it was written. Needs no network, and nothing but the files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import minisign

from clients.kit.errors import Rejected
from domains.reconciliation.pack.keys import as_text, key_id, public_key
from domains.reconciliation.pack.run import Chained, RunFile
from domains.reconciliation.pack.sums import SIGNATURE, SUMS, files_of, name_of, read_sums
from domains.reconciliation.pack.write import run_of, trusted_comment
from domains.reconciliation.parquet import sha256_of
from domains.reconciliation.snapshots import BEGUN, as_name


class Fault(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    UNREADABLE = "unreadable"
    NOT_SIGNED = "not signed"
    WRONG_SIGNATURE = "wrong signature"
    WRONG_KEY = "wrong key"
    WRONG_PLACE = "wrong place"
    BROKEN_CHAIN = "broken chain"


class Found(NamedTuple):
    """`where` is a file's or a pack's path within what was verified."""

    fault: Fault
    where: str
    said: str


@dataclass(frozen=True)
class VerifiedPack:
    """`run` is None where run.json cannot be read. `remarks` are no faults, and worth to know."""

    path: Path
    sha256: str
    files: int
    run: RunFile | None
    key: str
    faults: Sequence[Found] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Verified:
    packs: Sequence[VerifiedPack]
    chain: Sequence[Found] = ()
    remarks: Sequence[str] = ()

    @property
    def faults(self) -> list[Found]:
        return [*(fault for pack in self.packs for fault in pack.faults), *self.chain]

    @property
    def is_whole(self) -> bool:
        return bool(self.packs) and not self.faults


def verify(path: Path, key: str = "", head: str = "") -> Verified:
    """`key` is the public key that you know, or a file with it; without one each pack's own is taken, which
    whoever changes a pack can change. `head` is a pack's hash that was posted elsewhere: some pack must have
    it. Raises Rejected where `key` is none, and OSError."""
    known = public_key(key) if key else None
    packs = [_pack(each, known) for each in _packs(path)]
    lost = [*_lost(packs, head)]
    if _is_pack(path):
        return Verified(packs, lost, _unseen(packs))
    broken, remarks = _chain(packs)
    return Verified(packs, [*lost, *broken], remarks)


def _lost(packs: Sequence[VerifiedPack], head: str) -> Iterator[Found]:
    """The end of a chain can be cut off, and nothing in it says so."""
    if head and not any(each.sha256 == head.lower() for each in packs):
        yield Found(Fault.MISSING, "", f"no pack has the hash {head}")


def _packs(path: Path) -> list[Path]:
    """Those that a killed process has left half-written are hidden, and none."""
    if _is_pack(path):
        return [path]
    found = (each for each in path.rglob("*") if _is_pack(each))
    return sorted(each for each in found if not each.name.startswith(BEGUN))


def _is_pack(path: Path) -> bool:
    """Of one that somebody was at there may be less left."""
    return path.is_dir() and ((path / SUMS).exists() or bool(re.fullmatch(r"run-\d+", path.name)))


# -- one pack


def _pack(pack: Path, known: minisign.PublicKey | None) -> VerifiedPack:
    try:
        run, unreadable = run_of(pack), []
    except Rejected:
        run, unreadable = None, [Found(Fault.UNREADABLE, "run.json", "run.json says nothing of a run")]
    if not (pack / SUMS).is_file():
        return VerifiedPack(pack, "", 0, run, "", [Found(Fault.MISSING, SUMS, f"{SUMS} is missing")])
    signer, remarks = known, []
    if known is None and run and run.public_key:
        signer = public_key_or_none(run.public_key)
        remarks = ["the key is the pack's own: compare it with the one that you were given"]
    faults = [*unreadable, *_files(pack), *_signature(pack, run, signer), *_place(pack, run)]
    key = as_text(signer) if signer else ""
    return VerifiedPack(pack, sha256_of(pack / SUMS), len(files_of(pack)), run, key, faults, remarks)


def public_key_or_none(text: str) -> minisign.PublicKey | None:
    try:
        return minisign.PublicKey.from_base64(text)
    except minisign.ParseError:
        return None


def _files(pack: Path) -> Iterator[Found]:
    try:
        sums = read_sums(pack)
    except Rejected as error:
        yield Found(Fault.UNREADABLE, SUMS, str(error).removesuffix("."))
        return
    there = {name_of(pack, file): file for file in files_of(pack)}
    for name in sorted(sums.keys() | there.keys()):
        if name not in there:
            yield Found(Fault.MISSING, name, f"{name} is missing")
        elif name not in sums:
            yield Found(Fault.ADDED, name, f"{name} was added: {SUMS} does not have it")
        elif there[name].is_symlink() or sha256_of(there[name]) != sums[name]:
            yield Found(Fault.CHANGED, name, f"{name} was changed")


def _signature(pack: Path, run: RunFile | None, key: minisign.PublicKey | None) -> Iterator[Found]:
    file = pack / SIGNATURE
    if not file.is_file():
        yield Found(Fault.NOT_SIGNED, SIGNATURE, "it is not signed")
        return
    try:
        signature = minisign.Signature.from_bytes(file.read_bytes())
    except (minisign.ParseError, UnicodeDecodeError):
        yield Found(Fault.UNREADABLE, SIGNATURE, f"{SIGNATURE} is no signature")
        return
    if key is None:
        yield Found(Fault.WRONG_KEY, SIGNATURE, "no key is known that may have signed it")
        return
    if key_id(file.read_bytes().splitlines()[1]) != key_id(key.to_base64()):
        yield Found(Fault.WRONG_KEY, SIGNATURE, f"it is signed by another key than {as_text(key)}")
        return
    try:
        key.verify((pack / SUMS).read_bytes(), signature)
    except minisign.VerifyError:
        yield Found(Fault.WRONG_SIGNATURE, SUMS, f"{SUMS} is not what was signed")
    if run and signature.trusted_comment != trusted_comment(run):
        said = f"the signature is of {signature.trusted_comment}, and run.json says {trusted_comment(run)}"
        yield Found(Fault.WRONG_PLACE, SIGNATURE, said)


def _place(pack: Path, run: RunFile | None) -> Iterator[Found]:
    """Where the folders have names of ours, they say what run.json does."""
    *_, period, account, number = ("", "", *pack.resolve().parts)
    if not run or not re.fullmatch(r"\d{4}-\d\d", period) or not re.fullmatch(r"run-\d+", number):
        return
    if (period, account, number) != (run.period, as_name(run.account), f"run-{run.number}"):
        own = f"{run.period}/{as_name(run.account)}/run-{run.number}"
        yield Found(Fault.WRONG_PLACE, f"{period}/{account}/{number}", f"it stands in the place of {own}")


def _unseen(packs: Sequence[VerifiedPack]) -> list[str]:
    before = next((each.run.month_before for each in packs if each.run), None)
    return [f"it is chained to {_named(before)}, which was not looked at"] if before else []


# -- several


Key = tuple[str, str, int]
"""Account, period, number."""


def _chain(packs: Sequence[VerifiedPack]) -> tuple[list[Found], list[str]]:
    by_key: dict[Key, VerifiedPack] = {}
    faults: list[Found] = []
    remarks: list[str] = []
    for each in packs:
        if each.run is None:
            continue
        key = (each.run.account, each.run.period, each.run.number)
        if key in by_key:
            faults.append(Found(Fault.BROKEN_CHAIN, _where(each.run), "it is there twice"))
        by_key[key] = each
    for run in (by_key[key].run for key in sorted(by_key)):
        if run:
            faults += _links(run, by_key)
            remarks += _gaps(run, by_key)
    return faults, remarks


def _links(run: RunFile, packs: Mapping[Key, VerifiedPack]) -> Iterator[Found]:
    if before := run.month_before:
        if before.period < run.period:
            yield from _link(run, before, packs)
        else:
            said = f"it is chained to {_named(before)}, which is not before it"
            yield Found(Fault.BROKEN_CHAIN, _where(run), said)
    if run.run_before:
        yield from _link(run, run.run_before, packs, may_lack=True)


def _gaps(run: RunFile, packs: Mapping[Key, VerifiedPack]) -> Iterator[str]:
    """A month that was made late lies between two that are chained; of drafts one may have kept none."""
    earlier = [period for account, period, _ in packs if account == run.account and period < run.period]
    chained = run.month_before.period if run.month_before else ""
    if chained < max(earlier, default=""):
        yield f"{_where(run)} is chained to {chained or 'no month'}: {max(earlier)} was made later"
    if run.run_before and (run.account, run.period, run.run_before.number) not in packs:
        yield f"run {run.run_before.number} before {_where(run)} is not in this folder"


def _link(
    run: RunFile, to: Chained, packs: Mapping[Key, VerifiedPack], *, may_lack: bool = False
) -> Iterator[Found]:
    there = packs.get((run.account, to.period, to.number))
    if there is None and not may_lack:
        said = f"{_named(to)} is missing: {_where(run)} is chained to it"
        yield Found(Fault.MISSING, f"{to.period}/{as_name(run.account)}/run-{to.number}", said)
    if there and there.sha256 != to.sha256:
        said = f"{_named(to)} is not the one that {_where(run)} was chained to"
        yield Found(Fault.BROKEN_CHAIN, f"{to.period}/{as_name(run.account)}/run-{to.number}", said)


def _named(to: Chained) -> str:
    return f"{to.period}, run {to.number}"


def _where(run: RunFile) -> str:
    return f"{run.period}/{as_name(run.account)}/run-{run.number}"
