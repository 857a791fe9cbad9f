"""The pages, and their tables."""

import re

from tests.conftest import ROOT

PAGES = ("README.md", "docs/running.md", "docs/reference.md")

README = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
"""All three: try it, run it for real, look it up."""


def table(header: str) -> list[list[str]]:
    """The rows under the table head that begins so, without the head."""
    lines = re.split(rf"^\| {re.escape(header)} \|.*\n\|---", README, flags=re.MULTILINE)[1].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
