"""What is struck through can be had back as it was."""

from typing import Any

import pytest

from clients.slack.client import Place, place_in
from clients.slack.striking import blocks_not_struck, is_struck, not_struck, struck, struck_blocks


@pytest.mark.parametrize(
    "text",
    ["Acme left", "one\n\ntwo", "a ~ b ~", "<https://a.b|R&amp;D> <@U1>", "*bold* `code`", "• row", "~"],
)
def test_a_text_comes_back(text: str) -> None:
    assert is_struck(struck(text))
    assert struck(struck(text)) == struck(text)
    assert not_struck(struck(text)) == text
    assert not_struck(text) == text


def test_a_line_has_no_end_within_it() -> None:
    assert struck("a ~b~ c") == "~a ∼b∼ c~"


@pytest.mark.parametrize("text", ["", "\n", "~a~\nb", "~~"])
def test_what_is_not_struck_as_a_whole_is_not_struck(text: str) -> None:
    assert not is_struck(text)


def test_blocks_come_back() -> None:
    def words(text: str, kind: str = "mrkdwn") -> dict[str, Any]:
        return {"type": kind, "text": text}

    button = {"type": "button", "text": words("Open", "plain_text"), "url": "https://a.b"}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": words("R&D <left> *", "plain_text")},
        {"type": "section", "text": words("*one*\ntwo"), "fields": [words("*MRR*\n$49")]},
        {"type": "divider"},
        {"type": "context", "elements": [words("small"), {"type": "image", "image_url": "x"}]},
        {"type": "actions", "elements": [button]},
    ]
    made = struck_blocks(
        [*blocks, {"type": "rich_text"}, {"type": "actions", "elements": [{"type": "button"}]}]
    )
    assert [each["type"] for each in made] == ["section", "section", "divider", "context", "actions"]
    assert blocks_not_struck(made)[1:] == blocks[1:]
    assert blocks_not_struck(made)[0]["text"]["text"].startswith("R&D <left>")


@pytest.mark.parametrize(
    ("link", "place"),
    [
        ("https://a.slack.com/archives/C1/p1700000000000100", Place("C1", "1700000000.000100")),
        (
            "https://a.slack.com/archives/D1/p1700000000000100?thread_ts=1699.000001&cid=D1",
            Place("D1", "1700000000.000100", "1699.000001"),
        ),
        ("https://a.slack.com/", None),
        (None, None),
    ],
)
def test_a_link_says_where_a_message_stands(link: str | None, place: Place | None) -> None:
    assert place_in(link) == place
