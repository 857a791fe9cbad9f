"""`reconcile key` and `reconcile verify`: a key that is shown, packs that are whole or not, in words."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from domains.reconciliation.pack.keys import load_key
from domains.reconciliation.pack.write import Contents, Packs
from domains.reconciliation.snapshots import Snapshots
from tests.domains.reconciliation.months import judgement, reviewed, signed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("RECONCILIATION__KEY_FILE", "keys/packs.key")
    return tmp_path


def said(*arguments: str, exit_code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, ["reconcile", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def write_months(folder: Path) -> None:
    packs = Packs(folder / "packs", Snapshots(folder / "snapshots"), load_key(folder / "keys/packs.key"))
    for period, sign_off in (("2026-09", signed()), ("2026-10", None)):
        packs.write(Contents(reviewed(judgement(period=period), sign_off=sign_off), "w", "0.1.0"))


def test_packs_of_the_key_that_was_made_are_whole(folder: Path) -> None:
    [key] = re.findall(r"RW\S{54}", said("key"))
    write_months(folder)
    output = said("verify", "packs")
    assert f"No file was changed, added or removed. Signed by {key}. No month is missing." in output
    assert "cara@acme.example" in output
    one = said("verify", "packs/2026-10/default/run-1", "--key", key)
    assert "It is chained to 2026-09, run 1, which was not looked at." in one
    assert "own" not in one


def test_what_is_wrong_is_said_with_its_place(folder: Path) -> None:
    said("key")
    write_months(folder)
    (folder / "packs/2026-09/default/run-1/causes.csv").write_text("x")
    output = said("verify", "packs", exit_code=1)
    assert "packs/2026-09/default/run-1: causes.csv was changed." in output
    assert "No month is missing" not in output
    assert "this is neither" in said("verify", "packs", "--key", "RWQ", exit_code=1).lower()
    assert "no pack has the hash 00" in said("verify", "packs", "--head", "00", exit_code=1)


def test_a_second_key_is_refused(folder: Path) -> None:
    said("key")
    before = (folder / "keys/packs.key").read_bytes()
    assert "There is a key" in said("key", exit_code=1)
    assert (folder / "keys/packs.key").read_bytes() == before


def test_a_folder_without_a_pack_is_not_taken_for_whole(folder: Path) -> None:
    assert "There is no pack in" in said("verify", ".", exit_code=1)
