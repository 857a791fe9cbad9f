"""Changes as tables: what waits for a decision, what one would do or has done."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from commands.texts import escape
from models.changes import ChangeRun
from models.wording import clock, short

LONGEST = 60


def print_waiting(found: Sequence[ChangeRun], console: Console) -> None:
    if not found:
        console.print("No change waits for a decision.")
        return
    table = Table("run", "asked by", "what", "changes", "decide by", title="Changes that wait for a decision")
    for each in found:
        first = f"{each.changes[0].field}: {_value(each.changes[0].before)} → {_value(each.changes[0].after)}"
        more = len(each.changes) + each.more_changes - 1
        said = f"{first}, and {more} more" if more > 0 else first
        until = clock(each.decide_by) if each.decide_by else "-"
        table.add_row(each.run_id, *map(escape, (each.asker.name, each.tool, said, until)))
    console.print(table)
    console.print("See one with `mogulflow approvals show RUN`, then `approve` or `refuse` it.")


def print_change(found: ChangeRun, console: Console) -> None:
    console.print(f"[bold]{found.run_id}[/bold]: {found.status}")
    asked = f"{found.tool} for {found.asker.name}: {' '.join(found.reason.split())}"
    console.print(escape(asked), highlight=False)
    console.print(escape(f"Rule: {found.rule}"), highlight=False)
    if found.changes:
        console.print(_fields(found))
    if found.undone:
        console.print(_undone(found))
    for each in found.decisions:
        said = "agreed" if each.approve else "refused"
        console.print(escape(f"{each.who} {said} by {each.told_way}. {each.reason}".strip()), highlight=False)
    if found.message:
        console.print(escape(found.message), highlight=False)
    if found.url:
        console.print(found.url, soft_wrap=True)


def _fields(found: ChangeRun) -> Table:
    table = Table("of", "field", "before", "after")
    for each in found.changes:
        table.add_row(*map(escape, (each.of, each.field, *_sides(each.before, each.after))))
    if found.more_changes:
        table.add_row("…", f"and {found.more_changes} more", "", "")
    return table


def _undone(found: ChangeRun) -> Table:
    table = Table("effect", "comes to", "left as it is", "why")
    for each in found.undone:
        table.add_row(*map(escape, (each.of, each.state.value, ", ".join(each.left), each.note)))
    return table


def _sides(before: object, after: object) -> tuple[str, str]:
    """Of long texts that begin alike, from where they differ on."""
    texts = [" ".join(str(side).split()) for side in (before, after)]
    alike = next((at for at, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), 0)
    if max(map(len, texts)) <= LONGEST or alike < LONGEST // 2 or None in (before, after):
        return _value(before), _value(after)
    one, other = (_value("…" + text[alike - 10 :]) for text in texts)
    return one, other


def _value(found: object) -> str:
    return "-" if found in (None, "") else short(str(found), LONGEST)
