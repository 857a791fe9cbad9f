"""The worked examples of docs/developing.md: files to write, and changes of files that are there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT

PAGE = ROOT / "docs/developing.md"
_BLOCK = re.compile(r"^(?:File|In) `([^`]+)`:$|^```(python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class DoesNotFit(Exception):
    """What the page says stands in a file does not stand there."""


@dataclass
class Example:
    """`new` are whole files by path, `changes` the lines before and after, by path."""

    new: dict[str, str] = field(default_factory=dict)
    changes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def apply(self, tree: Path) -> None:
        """Raises DoesNotFit."""
        for path, text in self.new.items():
            if (tree / path).exists():
                raise DoesNotFit(f"{path} is there already")
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text, encoding="utf-8")
        for path, changes in self.changes.items():
            text = (tree / path).read_text(encoding="utf-8")
            for before, after in changes:
                if text.count(before) != 1:
                    raise DoesNotFit(f"{path} has this {text.count(before)} times, not once:\n{before}")
                text = text.replace(before, after)
            (tree / path).write_text(text, encoding="utf-8")

    @property
    def tests(self) -> list[str]:
        return [path for path in self.new if Path(path).name.startswith("test_")]


def example(heading: str) -> Example:
    """The one below that heading."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found, path = Example(), ""
    for named, language, text in _BLOCK.findall(section):
        if named:
            path = named
        elif language == "python":
            found.new[path] = text
        else:
            found.changes.setdefault(path, []).append(_change(text))
    return found


def _change(diff: str) -> tuple[str, str]:
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    return before, "".join(line[1:] for line in lines if line[0] in " +")


def copy_of_the_tree(to: Path) -> Path:
    """What git has of it, and what is new and not ignored; as a repository, so that changes can be seen."""
    for name in _lines("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes((ROOT / name).read_bytes())
    (to / ".venv").symlink_to((ROOT / ".venv").resolve())
    if (ROOT / ".mypy_cache").is_dir():  # what is known of files that are alike; without, it takes a minute
        shutil.copytree(ROOT / ".mypy_cache", to / ".mypy_cache")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "As it was"]):
        _lines("git", "-c", "user.name=test", "-c", "user.email=test@example.org", *command, folder=to)
    return to


def touched(tree: Path) -> set[str]:
    """Files that were there, and are changed."""
    return set(_lines("git", "diff", "--name-only", folder=tree))


def _lines(*command: str, folder: Path) -> Iterator[str]:
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return iter(done.stdout.splitlines())
