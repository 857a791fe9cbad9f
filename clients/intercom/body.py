"""Plain text as the body of a message. Intercom takes HTML there: what a customer is called must not become
markup or a link, and lines must stay lines."""

import re
from html import escape

from models.bounds import MARK

MOST_LETTERS = 20_000
"""Of a body, a bound of our own: Intercom names none."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BREAK = re.compile(r"\n\n+")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_AFTER = ".,;:!?)"
"""Ends the sentence, not the address in it."""


def html_of(text: str) -> tuple[str, str | None]:
    """The body, and what became of a text that is too long."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").encode(errors="replace").decode()).strip()
    note = None
    if len(plain) > MOST_LETTERS:
        note = f"the message was cut to {MOST_LETTERS:,} of its {len(plain):,} letters"
        plain = plain[: MOST_LETTERS - len(MARK)].rstrip() + MARK
    paragraphs = _BREAK.split(plain) if plain else []
    return "".join(f"<p>{'<br>'.join(map(_line, each.split(chr(10))))}</p>" for each in paragraphs), note


def _line(text: str) -> str:
    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        address = found[0].rstrip(_AFTER)
        pieces.append(escape(text[end : found.start()], quote=False))
        pieces.append(f'<a href="{escape(address)}">{escape(address, quote=False)}</a>')
        end = found.start() + len(address)
    return "".join([*pieces, escape(text[end:], quote=False)])
