"""A message struck through, line by line, and the same without it: Slack's mrkdwn strikes within one line."""

from typing import Any

from models.wording import escaped

Block = dict[str, Any]

TILDE, INSTEAD = "~", "∼"
"""One within a line would end what is struck there."""

WAS_HEADER = "was_header_"
"""Begins the block id of a header, whose plain text cannot be struck, while it is a section."""


def struck(text: str) -> str:
    if is_struck(text):
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def not_struck(text: str) -> str:
    if not is_struck(text):
        return text
    return "\n".join(line.strip().strip(TILDE).replace(INSTEAD, TILDE) for line in text.split("\n"))


def is_struck(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return bool(lines) and all(len(each) > 2 and each[0] == each[-1] == TILDE for each in lines)


def struck_blocks(blocks: list[Block]) -> list[Block]:
    """Buttons that lead to a page stay, those that do something go. Slack's own rendering of a text goes,
    too: the text is shown in its place."""
    made = (_struck(number, block) for number, block in enumerate(blocks))
    return [block for block in made if block is not None]


def blocks_not_struck(blocks: list[Block]) -> list[Block]:
    """What was struck, as it was."""
    made = (_mapped(_header_again(block), not_struck) for block in blocks)
    return [block for block in made if block.get("type") != "rich_text"]


def _line(line: str) -> str:
    bare = line.strip()
    return f"{TILDE}{bare.replace(TILDE, INSTEAD)}{TILDE}" if bare else line


def _struck(number: int, block: Block) -> Block | None:
    kind = block.get("type")
    if kind == "header":
        text = {"type": "mrkdwn", "text": struck(f"*{escaped(block['text']['text'])}*")}
        return {"type": "section", "block_id": f"{WAS_HEADER}{number}", "text": text}
    if kind == "actions":
        links = [each for each in block.get("elements", ()) if each.get("url")]
        return {**block, "elements": links} if links else None
    return None if kind == "rich_text" else _mapped(block, struck)


def _header_again(block: Block) -> Block:
    if not str(block.get("block_id", "")).startswith(WAS_HEADER):
        return block
    bare = not_struck(block["text"]["text"]).strip("*")
    text = bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def _mapped(block: Block, change: Any) -> Block:
    """With each mrkdwn text in it changed."""
    if block.get("type") == "mrkdwn":
        return {**block, "text": change(block["text"])}
    if block.get("type") == "header":
        return block
    found = dict(block)
    if isinstance(block.get("text"), dict):
        found["text"] = _mapped(block["text"], change)
    for name in ("fields", "elements"):
        if isinstance(block.get(name), list):
            found[name] = [_mapped(each, change) for each in block[name]]
    return found
