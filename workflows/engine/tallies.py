"""A tally as the Web UI shows it."""

from collections.abc import Iterable

from models.movements import Counts, Found, Shadow, Tally
from models.tallies import kinds
from workflows.engine.run_log import GAP, cut


def markdown(title: str, tally: Tally) -> str:
    """Movements and failed payments by type and by what became of them, each once."""
    found = [each for each in Found if tally.of(each)]
    head = ["event" if tally.payments(*Found) else "movement", *(each.value for each in found)]
    rows = [
        [kind, *(str(tally.counts.get(each, {}).get(kind, 0)) for each in found)] for kind in kinds(tally)
    ]
    total = ["all", *(str(tally.of(each)) for each in found)]
    lines = [_line(head), "|---" * len(head) + "|", *map(_line, rows), _line(total)]
    notes = [f"{tally.rows} rows in {tally.requests} requests"]
    if len(tally.by_template) > 1:
        notes += [f"For {name}: {_counts(counts)}" for name, counts in tally.by_template.items()]
    notes += [f"Route {name} in preview: {_shadow(shadow)}" for name, shadow in tally.shadows.items()]
    notes += [f"Unreadable: {each}" for each in tally.unreadable]
    notes += tally.gone
    notes += tally.unasked
    notes += [f"Unaccounted: {each}" for each in tally.unaccounted]
    notes += [f"Stuck: {each}" for each in tally.stuck]
    text = [f"### {title}", "", *(lines if found else []), "", *(f"- {note}" for note in notes)]
    return cut("\n".join(text))


def sentences(said: Iterable[str]) -> str:
    """One after the other, each with its full stop."""
    return " ".join(f"{each.rstrip('.')}." for each in said)


def _counts(counts: Counts) -> str:
    """`3 webhook, 1 too old`."""
    return ", ".join(f"{sum(counts[each].values())} {each.value}" for each in Found if each in counts)


def _shadow(shadow: Shadow) -> str:
    return ", ".join(f"{count} {what}" for what, count in (shadow.outcomes | shadow.effects).items())


def _line(cells: list[str]) -> str:
    return "".join(f"| {cell}{GAP}" for cell in cells) + "|"
