"""Small pieces of text for people."""

import re
from datetime import date, datetime

from babel.dates import format_date


def long_day(day: date) -> str:
    """`20 May 2026`."""
    return str(format_date(day, format="d MMMM y", locale="en"))


def span(days: float) -> str:
    """`7 days`; a route that looks sooner, as the demo's does, is told in seconds."""
    return f"{days:g} days" if days >= 1 else f"{days * 86_400:.0f} seconds"


def clock(instant: datetime) -> str:
    """`29 Nov 10:00 UTC`."""
    return f"{instant:%d %b %H:%M} UTC"


def counted(runs: int) -> str:
    """`1 run`, `3 runs`."""
    return f"{runs} run" if runs == 1 else f"{runs} runs"


def short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def cut(text: str, length: int) -> str:
    """`short`, and without a space before the mark."""
    return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…"


def was_cut(what: str, text: str, length: int) -> str | None:
    """That one line, as it is written, is not the whole text; None where it is."""
    return f"{what} was cut to {length} characters." if len(on_one_line(text)) > length else None


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def printable(text: str) -> str:
    """Without control characters, which many systems refuse, and with line ends of one kind."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def on_one_line(text: str) -> str:
    return _CONTROL.sub("", " ".join(text.replace("\x00", "").split()))


def joined(*notes: str | None) -> str | None:
    """Sentences as one text; None of none."""
    return " ".join(filter(None, notes)) or None


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def escaped(text: str) -> str:
    """For Slack: customer text must not become a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_LINK = re.compile(r"<((?:https?|mailto):[^<>|\s]+)(?:\|([^<>\n]*))?>")


def unescaped(text: str) -> str:
    """Text for Slack as it is read outside of it: `R&D`, and `Open the run (https://…)` of a link."""
    plain = _LINK.sub(lambda link: f"{link[2]} ({link[1]})" if link[2] else link[1], text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
