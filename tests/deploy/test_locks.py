"""Nothing is installed but what is locked by its hash: the product, its tests, and their doubles."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOCKS = [*ROOT.glob("*.lock"), *(ROOT / "tests/emulators").glob("*.lock")]
OF_NODE = sorted((ROOT / "tests/emulators").glob("*/package-lock.json"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_locked_by_its_hash(lock: Path) -> None:
    entries = re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    packages = [each for each in entries if each.strip() and not each.startswith(("#", "-"))]
    assert packages
    assert [each for each in packages if not re.match(r"\S+==\S+.*--hash=sha256:", each, re.DOTALL)] == []


@pytest.mark.parametrize("lock", OF_NODE, ids=lambda lock: lock.parent.name)
def test_every_package_of_node_is_locked_by_its_hash(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    installed = {name: each for name, each in packages.items() if name and not each.get("link")}
    assert installed
    assert [name for name, each in installed.items() if "integrity" not in each] == []


@pytest.mark.parametrize("file", ["Dockerfile", "Makefile"])
def test_what_is_not_locked_is_not_installed(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if re.search(r"pip install .*-r ", line)]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line] == []
