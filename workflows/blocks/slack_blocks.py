"""Block Kit of what templates tell: a header, figures, buttons, a line below.

Plain JSON: slack_sdk's own models raise on what Slack would refuse, and a workflow must not.
"""

from typing import Any

from models.wording import escaped, short

Json = dict[str, Any]
MOST_FIELDS = 10
"""Of a section."""


def message(
    title: str, fields: list[tuple[str, str]], links: list[tuple[str, str | None]], below: str = ""
) -> list[Json]:
    """`fields` are names, and values as mrkdwn; `links` button texts and URLs, those without one left out;
    `below` is mrkdwn, too."""
    buttons = [button(number, text, url) for number, (text, url) in enumerate(links) if url]
    shown = [mrkdwn(f"*{name}*\n{short(value, 1900)}") for name, value in fields[:MOST_FIELDS]]
    return [
        {"type": "header", "text": plain(short(title, 150))},
        *([{"type": "section", "fields": shown}] if shown else []),
        *([{"type": "actions", "elements": buttons}] if buttons else []),
        *([{"type": "context", "elements": [mrkdwn(short(below, 1900))]}] if below else []),
    ]


def button(number: int, text: str, url: str) -> Json:
    return {"type": "button", "action_id": f"open_{number}", "text": plain(text), "url": url[:3000]}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def value(text: str, limit: int = 350) -> str:
    """A customer's text as a field's value."""
    return escaped(short(text, limit))
