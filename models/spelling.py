"""What someone may have meant by a name that nobody knows."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """`: did you mean mrr?`, or nothing where no known name is like it."""
    lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), list(lower), n=1, cutoff=likeness)
    return f": did you mean {lower[found[0]]}?" if found else ""
