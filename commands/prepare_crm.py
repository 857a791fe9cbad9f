"""`crm prepare`: which fields were made, and which an admin must make."""

from collections.abc import Iterator, Sequence

from rich.console import Console

import operations.prepare_crm as operation
from commands.texts import escape
from models.crm import CrmName
from models.effects import Action
from models.hubspot import Prepared
from settings import Settings

COLOURS = {Action.CREATED: "green", Action.WOULD_CREATE: "green", Action.SKIPPED: "bold red"}
KINDS = {"group": "groups", "property": "properties"}
PACKAGE = (
    "The fields of the mapping that Mogulflow comes with are in deploy/salesforce: `sf project deploy start"
    " --metadata-dir deploy/salesforce`, then assign the permission set Mogulflow to the integration user."
)


async def prepare(settings: Settings, system: CrmName, dry_run: bool, console: Console) -> bool:
    """False where something is left for a person. Raises Stopped."""
    prepared = await operation.prepare(settings, system, dry_run)
    for line in _lines(prepared.made):
        console.print(line, highlight=False)
    if system == "salesforce":
        _print_to_do(prepared.to_do, console)
    for warning in prepared.warnings:
        console.print(f"[yellow]warning[/] {escape(warning)}", soft_wrap=True, highlight=False)
    return prepared.done


def _lines(found: Sequence[Prepared]) -> Iterator[str]:
    """One for all to which the same was done."""
    alike: dict[tuple[str, str, Action, str | None], list[str]] = {}
    for each in found:
        alike.setdefault((each.object_type, each.kind, each.action, each.problem), []).append(each.name)
    for (object_type, kind, action, problem), names in alike.items():
        what = f"[{COLOURS.get(action, 'dim')}]{len(names)} {action}[/]"
        yield f"{object_type}, {KINDS[kind]}: {what}: {', '.join(names)}"
        if problem:
            yield f"  {escape(problem)}"


def _print_to_do(left: Sequence[str], console: Console) -> None:
    if not left:
        console.print("All fields that the mapping names are there.")
        return
    console.print(
        "An admin must do this (Setup, Object Manager, the object, Fields & Relationships), and let the"
        " integration user read and edit each field:",
        soft_wrap=True,
    )
    for line in (PACKAGE, *map(escape, left)):
        console.print(f"  {line}", soft_wrap=True)
