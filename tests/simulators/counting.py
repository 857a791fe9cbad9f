"""Work counted in calls of functions, which are the same on every machine."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def counting_calls() -> Iterator[Counter[str]]:
    """Calls of Python's functions and of C's, of this thread."""
    calls: Counter[str] = Counter()

    def count(_: FrameType, event: str, __: Any) -> None:
        if event in ("call", "c_call"):
            calls[event] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)
