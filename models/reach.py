"""Which movements a route never gets, because another one of its template stands before it. Pure functions.

A movement is of a type and an account and of so much MRR: in each cell of type and account, a route takes
what is of its minimum or more, and gets what no earlier one takes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.effects import Mode
from models.routes import Route, Routes

ANY_OTHER = ""
"""In the place of the accounts that nobody has named."""

WANTED = "every movement that it asks for"


@dataclass(frozen=True)
class Lost:
    """What a route does not get, in words. `as_meant` where only a narrower one stands before it: that is how
    special cases are written."""

    route: str
    text: str
    as_meant: bool = False


@dataclass(frozen=True)
class _Cell:
    """`below` is what of it the route gets: less than that; None for all, its own minimum for nothing."""

    movement: str
    account: str
    by: tuple[Route, ...] = ()
    below: Decimal | None = None
    dead: bool = False


def lost_movements(routes: Routes, accounts: Iterable[str] = ()) -> list[Lost]:
    """In the order of the file. `accounts` are all there are; where left out, there may be others."""
    known = set(accounts)
    named = {name for route in routes.routes for name in route.when.accounts}
    everywhere = sorted(known | named) + ([] if known else [ANY_OTHER])
    found: list[Lost] = []
    for place, route in enumerate(routes.routes):
        earlier = [each for each in routes.routes[:place] if each.template == route.template]
        found += _lost(route, _cells(route, earlier, everywhere))
    return found


def _cells(route: Route, earlier: Sequence[Route], accounts: Sequence[str]) -> list[_Cell]:
    return [
        _cell(route, [each for each in earlier if _covers(each, movement, account)], movement, account)
        for movement in dict.fromkeys(route.when.types)
        for account in accounts
        if _covers(route, movement, account)
    ]


def _covers(route: Route, movement: str, account: str) -> bool:
    return movement in route.when.types and (not route.when.accounts or account in route.when.accounts)


def _cell(route: Route, earlier: Sequence[Route], movement: str, account: str) -> _Cell:
    if not earlier:
        return _Cell(movement, account)
    all_of_it = [each for each in earlier if each.when.minimum_mrr <= route.when.minimum_mrr]
    if all_of_it:
        return _Cell(movement, account, (all_of_it[0],), route.when.minimum_mrr, dead=True)
    least = min(earlier, key=lambda each: each.when.minimum_mrr)
    return _Cell(movement, account, (least,), least.when.minimum_mrr)


def _lost(route: Route, cells: Sequence[_Cell]) -> list[Lost]:
    dead = [cell for cell in cells if cell.dead]
    if dead and len(dead) == len(cells):
        text = f"is never reached: {_take(dead, WANTED)}. Put it before them, or take it out"
        return [Lost(route.name, text)]
    return [*_lost_values(route, cells), *_as_meant(route, cells)]


def _lost_values(route: Route, cells: Sequence[_Cell]) -> list[Lost]:
    """Of a type or an account that the route names it gets nothing at all."""
    found = []
    for movement in dict.fromkeys(cell.movement for cell in cells):
        of_it = [cell for cell in cells if cell.movement == movement]
        if all(cell.dead for cell in of_it):
            found.append(Lost(route.name, f"gets no {movement} movement: {_take(of_it, 'them all')}"))
    for account in route.when.accounts:
        of_it = [cell for cell in cells if cell.account == account]
        if all(cell.dead for cell in of_it):
            found.append(Lost(route.name, f"gets nothing of account {account}: {_take(of_it, 'all of it')}"))
    return found


def _as_meant(route: Route, cells: Sequence[_Cell]) -> list[Lost]:
    cut = [cell for cell in cells if cell.by]
    if not cut:
        return []
    said = "; ".join(dict.fromkeys(_part(cell) for cell in cut))
    return [Lost(route.name, f"gets what is left: {said}", as_meant=True)]


def _part(cell: _Cell) -> str:
    [before] = cell.by
    where = f" of account {cell.account}" if before.when.accounts else ""
    least = f" of {before.when.minimum_mrr:f} or more" if before.when.minimum_mrr else ""
    return f"route {before.name}, before it, takes {cell.movement}{where}{least}"


def _take(cells: Sequence[_Cell], what: str) -> str:
    routes = list({each.name: each for cell in cells for each in cell.by}.values())
    names = ", ".join(each.name for each in routes)
    verb = "stands before it and takes" if len(routes) == 1 else "stand before it and take"
    preview = [each.name for each in routes if each.mode is Mode.PREVIEW]
    note = f" ({', '.join(preview)} in preview: nothing is written for them)" if preview else ""
    return f"route{'s' * (len(routes) > 1)} {names} {verb} {what}{note}"
