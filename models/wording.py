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
