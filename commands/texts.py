"""Texts of strangers and agents on a terminal, which obeys some signs, and turns lines round by others."""

import re

from rich import markup

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control and direction characters, but for tab and line feed. Joiners stay: names are written with them."""


def escape(text: str) -> str:
    """As it stands there: neither markup, nor what a terminal would do, nor another direction."""
    return markup.escape(OBEYED.sub(_written, text))


def _written(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
