"""What Slack refuses of a message: its limits on text, blocks and metadata."""

import json
import re
from typing import Any

MOST_BLOCKS, MOST_TEXT, MOST_IN_BLOCKS = 50, 40_000, 13_000
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
KINDS = ("header", "section", "divider", "context", "actions", "image", "rich_text", "markdown")


class Invalid(Exception):
    def __init__(self, error: str, details: list[str] | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.details = details or []


def check_message(content: dict[str, Any]) -> None:
    text, blocks = content.get("text") or "", content.get("blocks")
    if not text and not blocks:
        raise Invalid("no_text")
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise Invalid("msg_too_long")
    if blocks is not None:
        check_blocks(blocks)
    if content.get("metadata") is not None:
        check_metadata(content["metadata"])


def check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Invalid("invalid_metadata_format")
    kind, payload = metadata["event_type"], metadata["event_payload"]
    if not isinstance(kind, str) or not re.fullmatch(r"\w+", kind, re.ASCII):
        raise Invalid("invalid_metadata_schema")
    if not isinstance(payload, dict):
        raise Invalid("invalid_metadata_schema")


def check_blocks(blocks: Any) -> None:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Invalid("invalid_blocks_format")
    if len(json.dumps(blocks, ensure_ascii=False)) > MOST_IN_BLOCKS:
        raise Invalid("msg_blocks_too_long")
    problems = [] if len(blocks) <= MOST_BLOCKS else ["no more than 50 items allowed"]
    for index, block in enumerate(blocks):
        problems += [f"{text} [json-pointer:/blocks/{index}{at}]" for at, text in _faults(block)]
    if problems:
        raise Invalid("invalid_blocks", [f"[ERROR] {problem}" for problem in problems])


Faults = list[tuple[str, str]]
"""Where in the block, and what is wrong."""


def _faults(block: dict[str, Any]) -> Faults:
    kind = block.get("type")
    if kind not in KINDS:
        return [("/type", f"unsupported type: {kind}")]
    found = _length(block.get("block_id"), 255, "/block_id")
    if kind == "header":
        return found + _header(block.get("text"))
    if kind == "section":
        return found + _section(block)
    if kind in ("context", "actions"):
        return found + _elements(block, 10 if kind == "context" else 25)
    return found


def _header(text: Any) -> Faults:
    found = _text(text, 150, "/text", ("plain_text",))
    if not found and CONTROL.search(text["text"]):
        return [("/text/text", "must not contain control characters")]
    return found


def _section(block: dict[str, Any]) -> Faults:
    fields = block.get("fields")
    if fields is None:
        return _text(block.get("text"), 3000, "/text")
    found = _text(block["text"], 3000, "/text") if "text" in block else []
    if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
        return [*found, ("/fields", "must have 1 to 10 items")]
    for index, field in enumerate(fields):
        found += _text(field, 2000, f"/fields/{index}")
    return found


def _elements(block: dict[str, Any], most: int) -> Faults:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= most:
        return [("/elements", f"must have 1 to {most} items")]
    found: Faults = []
    for index, element in enumerate(elements):
        at = f"/elements/{index}"
        if block["type"] == "actions":
            found += _button(element, at)
        elif element.get("type") != "image":
            found += _text(element, 3000, at)
    ids = [e["action_id"] for e in elements if "action_id" in e]
    return found if len(ids) == len(set(ids)) else [*found, ("/elements", "action_id must be unique")]


def _button(element: dict[str, Any], at: str) -> Faults:
    if element.get("type") != "button":
        return []
    return (
        _text(element.get("text"), 75, f"{at}/text", ("plain_text",))
        + _length(element.get("url"), 3000, f"{at}/url")
        + _length(element.get("value"), 2000, f"{at}/value")
        + _length(element.get("action_id"), 255, f"{at}/action_id")
    )


def _text(text: Any, most: int, at: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Faults:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return [(at, f"must be an object of type {' or '.join(kinds)}")]
    content = text.get("text")
    if not isinstance(content, str) or not content:
        return [(f"{at}/text", "must be more than 0 characters")]
    return _length(content, most, f"{at}/text")


def _length(text: Any, most: int, at: str) -> Faults:
    if text is None:
        return []
    if not isinstance(text, str) or len(text) > most:
        return [(at, f"must be less than {most + 1} characters")]
    return []
