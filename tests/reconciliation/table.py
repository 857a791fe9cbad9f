"""How many cases of each label are judged right, and what is named that is not there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from models.reconciliation.causes import Cause
from tests.reconciliation.corpus import Case, controls, pairs, plausible, singles, unfit, unshown
from tests.reconciliation.records import closes, named, unexplained

PAIR_SEEDS = 5


@dataclass
class Line:
    """`right`: the causes and what is unexplained. `exact`: also their cents."""

    all: int = 0
    right: int = 0
    exact: int = 0
    false: int = 0
    open_sums: int = 0
    wrong: list[str] = field(default_factory=list)


def measured(seeds: int) -> dict[str, Line]:
    decoys = (plausible(seeds), unfit(seeds), unshown(seeds))
    cases = chain(singles(seeds), controls(seeds * 5), pairs(max(PAIR_SEEDS, seeds // 5)), *decoys)
    return judged(cases)


def judged(cases: Iterable[Case]) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for case in cases:
        _judge(case, lines.setdefault(case.label, Line()))
    return lines


def _judge(case: Case, line: Line) -> None:
    judgement = case.month.judged()
    found, rest = named(judgement), unexplained(judgement)
    codes, expected = _codes(found), _codes(case.causes)
    line.all += 1
    line.right += codes == expected and bool(rest) == bool(case.unexplained)
    line.exact += found == case.causes and rest == case.unexplained
    line.false += len(codes - expected)
    line.open_sums += not closes(judgement)
    if found != case.causes or rest != case.unexplained:
        line.wrong.append(f"{found} {rest}, expected {case.causes} {case.unexplained}")


def _codes(found: list[tuple[Cause, int]]) -> set[Cause]:
    """What is rounded is no finding of its own."""
    codes = {code for code, _ in found}
    return codes if codes == {Cause.ROUNDING} else codes - {Cause.ROUNDING}


def printed(lines: dict[str, Line]) -> str:
    head = f"{'label':48} {'right':>10} {'exact':>7} {'false':>6}\n"
    return head + "".join(
        f"{label:48} {line.right:>4}/{line.all:<5} {line.exact:>7} {line.false:>6}\n"
        for label, line in lines.items()
    )
