"""A record that HubSpot refuses for some of its properties is written without those, and the effect names
them. A refused write has done nothing."""

import html
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from clients.kit.errors import Rejected
from models.wording import cut, on_one_line, printable

NAME_LENGTH, TEXT_LENGTH = 255, 65_000
"""HubSpot takes 65,536 characters of text; of a name so many are shown."""

MOST_TRIES = 6
"""HubSpot names all properties that it refuses at once, but for those that it looks at later."""

T = TypeVar("T")


class Mended:
    """Properties of a record, some left out. Without those of `keeps` there is no use in writing it."""

    def __init__(self, properties: Mapping[str, str], *, keeps: Collection[str] = ()) -> None:
        self.values, self.keeps = dict(properties), keeps
        self.notes: list[str] = []

    def mend(self, refusal: Rejected) -> bool:
        """False where nothing is left that could be tried."""
        blamed = {name: code for name, code in refusal.codes.items() if name in self.values}
        if not blamed or blamed.keys() & set(self.keeps):
            return False
        for name, code in blamed.items():
            del self.values[name]
            self.notes.append(f"{name} was left out: HubSpot refuses it ({code or refusal.code}).")
        return True


async def write_mended(to_write: Callable[[dict[str, str]], Awaitable[T]], mended: Mended) -> T:
    """What was written is in `mended.values` then, and what was not, and why, in its notes."""
    for _ in range(MOST_TRIES):
        try:
            return await to_write(mended.values)
        except Rejected as refusal:
            if not mended.mend(refusal):
                raise
    return await to_write(mended.values)


def one_line(text: str) -> str:
    return cut(on_one_line(text), NAME_LENGTH)


def plain(text: str) -> str:
    return cut(printable(text), TEXT_LENGTH)


def as_html(text: str) -> str:
    """What HubSpot shows of a task is rich text: a customer's words must not become a link, or worse."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def rich(text: str, end: str = "") -> str:
    """Plain text as a task holds it, and `end` after it, as long as both may be together."""
    room = TEXT_LENGTH - len(as_html(end)) - len("<br><br>")
    body = plain(text)
    while len(as_html(body)) > room:
        body = cut(body, len(body) - max(1, (len(as_html(body)) - room) // 5))
    return "<br><br>".join(filter(None, [as_html(body), as_html(end)]))


def added(text: str, line: str) -> str:
    """The line at the end; where there is no room for both, the text before it is cut."""
    return f"{cut(text, max(0, TEXT_LENGTH - len(line) - 2))}\n\n{line}".strip()
