"""`reconcile`: whether packs are whole, and a new key."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

import operations.reconciliation.packs as packs
from commands.show import folding
from commands.texts import escape
from operations.reconciliation.packs import Found, VerifiedPack
from settings import Settings


def verify(settings: Callable[[], Settings], path: Path, key: str, head: str, console: Console) -> bool:
    """Whether all is as it was written. Settings are asked for only where no key is given."""
    found = packs.verify(path, key or packs.known_key(settings()), head)
    if not found.packs:
        console.print(f"There is no pack in {escape(str(path))}.", highlight=False)
        return False
    table = folding("pack", "files", "signed off by", "hash of SHA256SUMS", "so")
    for each in found.packs:
        table.add_row(*map(escape, _cells(each)[:-1]), _cells(each)[-1])
    console.print(table)
    for each in found.packs:
        for fault in each.faults:
            _print_fault(each.path.name if len(found.packs) == 1 else str(each.path), fault, console)
    for fault in found.chain:
        _print_fault(fault.where or str(path), fault, console)
    for remark in _remarks(found):
        console.print(f"[yellow]{escape(_sentence(remark))}[/]", soft_wrap=True, highlight=False)
    if found.is_whole:
        console.print(_whole(found), soft_wrap=True, highlight=False)
    return found.is_whole


def _cells(each: VerifiedPack) -> tuple[str, ...]:
    run = each.run
    name = f"{run.period} {run.account} run {run.number}, {run.kind}" if run else each.path.name
    signed = run.sign_off.reviewer if run and run.sign_off else ""
    faults = len(each.faults)
    said = f"[red]{faults} {'fault' if faults == 1 else 'faults'}[/]" if faults else "[green]whole[/]"
    return (name, str(each.files), signed, each.sha256, said)


def _print_fault(where: str, fault: Found, console: Console) -> None:
    said = f"{where}: {fault.said}"
    console.print(f"[red]{escape(said)}.[/]", soft_wrap=True, highlight=False)


def _remarks(found: packs.Verified) -> list[str]:
    """Each once: those of the packs are the same for all."""
    return [*dict.fromkeys(remark for each in found.packs for remark in each.remarks), *found.remarks]


def _whole(found: packs.Verified) -> str:
    keys = sorted({each.key for each in found.packs})
    said = f"No file was changed, added or removed. Signed by {' and '.join(keys)}."
    return said if len(found.packs) == 1 else f"{said} No month is missing."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def new_key(settings: Settings, console: Console) -> None:
    key = packs.new_key(settings)
    console.print(f"{escape(str(key.file))} has the secret key. Nobody else may read it; keep a copy safe.")
    console.print(f"The public key, which is in {escape(str(key.public_file))} too:")
    console.print(f"\n  {key.public}\n", soft_wrap=True, highlight=False)
    console.print("Give it to whoever verifies packs, in another way than the packs themselves.")
