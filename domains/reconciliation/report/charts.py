"""Drawings of sums, as boxes and words: a template makes SVG of them. Each stands beside a table that says
the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domains.reconciliation.report.reviewed import COMPARISONS, Reviewed
from domains.reconciliation.report.table import amount
from domains.reconciliation.report.totals import AGES, Step, age_of, in_order, steps
from models.reconciliation.causes import Cause
from models.reconciliation.findings import TieOut

WIDTH, LABELS, FIGURES = 860, 250, 130
"""Of the drawing, of the words to the left, of the figures to the right."""
LINE, BAR = 24, 14
MOST = 12
"""Drawings of one kind: further ones are in the tables alone."""


class Box(NamedTuple):
    """`tone` is a class of the page's style."""

    x: float
    y: float
    width: float
    height: float
    tone: str


class Words(NamedTuple):
    x: float
    y: float
    text: str
    anchor: str = "start"
    tone: str = ""


class Stroke(NamedTuple):
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Drawing:
    id: str
    title: str
    said: str
    height: float
    boxes: Sequence[Box]
    words: Sequence[Words]
    strokes: Sequence[Stroke] = ()
    width: float = WIDTH


def waterfalls(reviewed: Reviewed) -> list[Drawing]:
    """Of each total that differs."""
    totals = [each for each in in_order(reviewed) if each.causes or each.unexplained]
    return [_waterfall(reviewed, total, number) for number, total in enumerate(totals[:MOST])]


def _waterfall(reviewed: Reviewed, total: TieOut, number: int) -> Drawing:
    """Both totals are cut off at the left: beside them a difference would not be seen."""
    lines = [each for each in steps(reviewed, total) if each.is_total or each.minor]
    spans = _spans(lines)
    scale = _scale([end for span in spans for end in span])
    boxes, words, strokes = [], [], []
    for row, (step, (start, end)) in enumerate(zip(lines, spans, strict=True)):
        left = LABELS if step.is_total else scale(min(start, end))
        boxes.append(_bar(row, left, scale(max(start, end)), _tone(step)))
        said = amount(step.minor, total.currency).said
        words += _labels(row, step.title, said if step.is_total or step.minor < 0 else f"+{said}")
        if row:
            strokes.append(_connection(row, scale(start if not step.is_total else end)))
    title = f"{COMPARISONS[total.comparison]}, {total.source}, {total.currency}"
    return Drawing(
        id=f"tie-out-{number}",
        title=title,
        said=f"From {lines[0].title} to {lines[-1].title}, cause by cause. The long bars are cut off.",
        height=len(lines) * LINE + 8,
        boxes=boxes,
        words=words,
        strokes=strokes,
    )


def _spans(lines: Sequence[Step]) -> list[tuple[int, int]]:
    """Where each begins and ends."""
    found, at = [], 0
    for step in lines:
        found.append((step.minor, step.minor) if step.is_total else (at, at + step.minor))
        at = found[-1][1]
    return found


def _scale(values: Sequence[int]) -> Callable[[int], float]:
    """From minor units to the drawing, with an eighth left free before the smallest one."""
    low, high = min(values), max(values)
    span = max(high - low, 1)
    first = LABELS + (WIDTH - LABELS - FIGURES) / 8
    room = WIDTH - FIGURES - first
    return lambda value: round(first + room * (value - low) / span, 1)


def _bar(row: int, left: float, right: float, tone: str) -> Box:
    return Box(left, row * LINE + 9, round(max(right - left, 1.5), 1), BAR, tone)


def _labels(row: int, title: str, figure: str) -> list[Words]:
    y = row * LINE + 20
    return [
        Words(LABELS - 12, y, title, "end"),
        Words(WIDTH - 2, y, figure, "end", "figure"),
    ]


def _connection(row: int, x: float) -> Stroke:
    return Stroke(x, row * LINE + 9 - (LINE - BAR), x, row * LINE + 9)


def _tone(step: Step) -> str:
    if step.is_total:
        return "total"
    if step.title == "Unexplained":
        return "open"
    return "plus" if step.minor > 0 else "minus"


def bars_by_cause(reviewed: Reviewed) -> list[Drawing]:
    """Σ+ to the right, Σ− to the left of the line: what a net sum hides is seen."""
    currencies = sorted({each.currency for each in reviewed.judgement.by_cause})
    return [_by_cause(reviewed, currency) for currency in currencies[:MOST]]


def _by_cause(reviewed: Reviewed, currency: str) -> Drawing:
    sums = [each for each in reviewed.judgement.by_cause if each.currency == currency]
    sums = sorted(sums, key=lambda each: (each.minus - each.plus, each.cause))
    most = max([1, *(max(each.plus, -each.minus) for each in sums)])
    middle, half = LABELS + (WIDTH - LABELS - FIGURES) / 2, (WIDTH - LABELS - FIGURES) / 2 - 4
    boxes, words = [], []
    for row, each in enumerate(sums):
        open_ = each.cause is Cause.UNEXPLAINED
        if each.plus:
            boxes.append(_bar(row, middle, middle + half * each.plus / most, "open" if open_ else "plus"))
        if each.minus:
            boxes.append(_bar(row, middle + half * each.minus / most, middle, "open" if open_ else "minus"))
        net = amount(each.net, currency).said
        words += _labels(row, f"{each.cause} ({each.rows})", net if each.net <= 0 else f"+{net}")
    height = len(sums) * LINE + 8
    return Drawing(
        id=f"causes-{currency}",
        title=f"By cause, {currency}",
        said="With the number of rows. Right of the line what adds, left of it what takes off; "
        "the figure is the net sum.",
        height=height,
        boxes=[_rounded(each) for each in boxes],
        words=words,
        strokes=[Stroke(middle, 4, middle, height - 4)],
    )


def _rounded(box: Box) -> Box:
    return box._replace(x=round(box.x, 1))


def ages(reviewed: Reviewed) -> Drawing:
    """Rows by age: explained and unexplained ones, one behind the other."""
    counts = [[0, 0] for _ in AGES]
    for each in reviewed.differing():
        counts[age_of(reviewed, each)][each.is_open] += 1
    most = max(1, *(sum(each) for each in counts))
    room = WIDTH - LABELS - FIGURES
    boxes, words = [], []
    for row, (title, (explained, open_)) in enumerate(zip(AGES, counts, strict=True)):
        middle = LABELS + room * explained / most
        if explained:
            boxes.append(_bar(row, LABELS, middle, "total"))
        if open_:
            boxes.append(_bar(row, middle, middle + room * open_ / most, "open"))
        words += _labels(row, title, f"{explained:,} + {open_:,} open")
    return Drawing(
        id="ageing",
        title="Rows by age",
        said="Explained rows, and behind them in the darker tone those that are not.",
        height=len(AGES) * LINE + 8,
        boxes=[_rounded(each) for each in boxes],
        words=words,
    )
