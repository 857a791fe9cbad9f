"""Pages of an answer: a cursor of ours that goes with one question, and no more than fits."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from models.base import Record
from models.canonical import digest_of
from models.reads.answer import MOST_ROWS, USUAL_ROWS
from operations.reads.account import NotAnswered

MOST_BYTES = 28_000
"""Of a page's rows: an answer has 40 kB at most, envelope included."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Wanted:
    """Which page of which question. `about` is all that makes the question."""

    about: Any
    limit: int = USUAL_ROWS
    cursor: str = ""

    @property
    def rows(self) -> int:
        return max(1, min(self.limit, MOST_ROWS))

    def position(self) -> Any:
        """As `cursor_at` was given it; None for the first page. Raises NotAnswered."""
        if not self.cursor:
            return None
        try:
            said = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
            digest, position = said
        except (ValueError, TypeError, binascii.Error, UnicodeError):
            raise _refused("The cursor is none of ours.") from None
        if digest != self._digest:
            raise _refused("The cursor belongs to another question.")
        return position

    def index(self) -> int:
        """For a list that is here as a whole."""
        position = self.position()
        if position is None:
            return 0
        if not isinstance(position, int) or position < 0:
            raise _refused("The cursor is none of ours.")
        return position

    def cursor_at(self, position: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps([self._digest, position]).encode()).decode()

    @property
    def _digest(self) -> str:
        return digest_of(self.about)[:12]


def page_of(rows: Sequence[R], wanted: Wanted) -> tuple[list[R], dict[str, Any]]:
    """The page, and what the answer says of it: `next_cursor`, `truncated`."""
    start = wanted.index()
    page = fitting(rows[start : start + wanted.rows])
    after = start + len(page)
    more = after < len(rows)
    return page, {"next_cursor": wanted.cursor_at(after) if more else None, "truncated": more}


def fitting(rows: Sequence[R], most: int = MOST_BYTES) -> list[R]:
    """The first of them, one at least."""
    found: list[R] = []
    size = 0
    for row in rows:
        size += len(row.model_dump_json().encode())
        if found and size > most:
            break
        found.append(row)
    return found


def _refused(message: str) -> NotAnswered:
    return NotAnswered("invalid_arguments", message, "Ask again without a cursor.")
