"""What Slack takes of a message: longer texts are cut with a mark, where it would refuse them.

https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/reference/methods/chat.postMessage
"""

import json
import re
from collections.abc import Iterable
from typing import Any

MOST_TEXT, MOST_BLOCKS, MOST_IN_BLOCKS = 40_000, 50, 13_000
HEADER, SECTION, FIELD, ELEMENT = 150, 3000, 2000, 3000
SHORTER = (SECTION, 1500, 700, 300, 100)
"""Tried in turn until all blocks together fit."""

MARK = "…"
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
NUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
UNFINISHED = re.compile(r"(<[^<>]{0,3000}|&[^&;\s]{0,6})$")
"""A link or an entity that the cut went through: half of it would be shown as it is."""

Block = dict[str, Any]


def fitting_text(text: str) -> str:
    return cut(NUL.sub("", text), MOST_TEXT)


def fitting_blocks(blocks: list[Block]) -> list[Block]:
    """The same, but for what is too long, and without control characters."""
    kept = blocks[:MOST_BLOCKS]
    if len(blocks) > MOST_BLOCKS:
        kept = [*blocks[: MOST_BLOCKS - 1], _more(len(blocks) - MOST_BLOCKS + 1)]
    fitting = kept
    for most in SHORTER:
        fitting = [_fitting(block, most) for block in kept]
        if _size(fitting) <= MOST_IN_BLOCKS:
            return fitting
    return _first(fitting)


def cut(text: str, most: int) -> str:
    """At most so many characters, with a mark where it was longer."""
    if len(text) <= most:
        return text
    return _finished(text[: most - len(MARK)]) + MARK


def _finished(text: str) -> str:
    """Only the end is looked at, for what it costs."""
    head, tail = text[:-SECTION], text[-SECTION:]
    return head + UNFINISHED.sub("", tail)


def _fitting(block: Block, most: int) -> Block:
    match block.get("type"):
        case "header":
            return block | {"text": _text(block["text"], HEADER, one_line=True)}
        case "section":
            texts = {"text": _text(block["text"], min(most, SECTION))} if "text" in block else {}
            fields = {"fields": _texts(block["fields"], min(most, FIELD))} if "fields" in block else {}
            return block | texts | fields
        case "context":
            return block | {"elements": _texts(block["elements"], min(most, ELEMENT))}
    return block


def _texts(items: Iterable[Block], most: int) -> list[Block]:
    return [_text(item, most) if "text" in item else item for item in items]


def _text(item: Block, most: int, *, one_line: bool = False) -> Block:
    clean = CONTROL.sub(" ", item["text"]) if one_line else NUL.sub("", item["text"])
    return item | {"text": cut(clean, most)}


def _first(blocks: list[Block]) -> list[Block]:
    """As many as fit together, and how many do not."""
    kept = list(blocks)
    while kept and _size([*kept, _more(len(blocks))]) > MOST_IN_BLOCKS:
        kept.pop()
    return [*kept, _more(len(blocks) - len(kept))]


def _more(number: int) -> Block:
    text = f"{MARK} {number:,} more parts were left out: Slack takes no longer message"
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _size(blocks: list[Block]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))
