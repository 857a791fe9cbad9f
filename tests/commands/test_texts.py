"""What strangers and agents wrote, on a terminal."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from commands.texts import escape


@pytest.mark.parametrize("sign", ["\x1b[2K", "\x1b]8;;x\x07", "\r", "\x08", "\x9b2K", "\u202e", "\u2066"])
def test_a_terminal_obeys_no_stranger(sign: str) -> None:
    console = Console(file=io.StringIO(), width=80)
    table = Table("value")
    table.add_row(escape(f"before{sign}after"))
    console.print(table)
    console.print(escape(f"before{sign}after"), highlight=False)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert sign[0] not in said
    assert sign.encode("unicode_escape").decode()[:4] in said


@pytest.mark.parametrize("name", ["Fjørd Lābs 漢字", "می\u200cخواهم", "👩\u200d💻", "two\nlines"])
def test_names_stay_as_they_are_written(name: str) -> None:
    assert escape(name) == name


def test_markup_is_text() -> None:
    assert escape("[red]x") == "\\[red]x"
