"""The largest that a command takes is done, or refused in words."""

import json
from pathlib import Path

import pytest

from ingress.chartmogul import MAX_BODY
from simulators.control import Control
from tests.service.conftest import Command

WIDE = "\U0001f600"


def file_of(simulators: Control, folder: Path, size: int) -> Path:
    """The webhook of a cancellation, of exactly so many bytes."""
    body = simulators.cancel(simulators.customers(case="account")[0].uuid, send=False)
    plain = json.dumps(body | {"later": ""}, ensure_ascii=False).encode()
    room = size - len(plain)
    text = WIDE * (room // 4) + "x" * (room % 4)
    file = folder / "event.json"
    file.write_text(json.dumps(body | {"later": text}, ensure_ascii=False), encoding="utf-8")
    assert file.stat().st_size == size
    return file


@pytest.mark.timeout(300)
async def test_the_largest_file_is_sent_and_previewed_and_a_larger_one_refused(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    path = file_of(simulators, tmp_path, MAX_BODY)
    file = str(path)
    said = await mogulflow("preview", file)
    assert (said.code, "churn_save: previewed" in said.text) == (0, True), said.text[-500:]
    said = await mogulflow("send", file)
    assert (said.code, '"result": "started"' in said.text) == (0, True), said.text[-500:]
    with path.open("ab") as more:
        more.write(b" ")
    for command in ("preview", "send"):
        said = await mogulflow(command, file)
        assert said.code == 1
        assert "has more than 256 KiB; the ingress takes no larger body." in said.text
        assert "Traceback" not in said.text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("pause", "--for", "999999999d" * 3, "why"), "must be more than nothing and at most"),
        (("dismiss", "churn_save/none", WIDE * 501), "The reason has 501 characters; 500 are kept."),
        (("replay", "unreadable_delivery/none", "--dismiss", WIDE * 501), "500 are kept."),
        (("release", "churn", WIDE * 20_000), "The reason has 20000 characters"),
        (("drop", "churn", WIDE * 20_000), "The reason has 20000 characters"),
        (("replay", "x" * 1_001), "x"),
    ],
)
async def test_what_is_longer_is_refused_in_words(
    mogulflow: Command, arguments: tuple[str, ...], why: str
) -> None:
    said = await mogulflow(*arguments)
    assert (said.code != 0, why in said.text, "Traceback" in said.text) == (True, True, False), said.text[
        -600:
    ]


AWAY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (("preview", "crm", "hubspot"), {"HUBSPOT__BASE_URL": AWAY}),
        (
            ("preview", "warehouse"),
            {"WAREHOUSE__ENGINE": "postgres", "WAREHOUSE__DSN": "postgresql://127.0.0.1:9/d"},
        ),
        (("preview", "warehouse"), {"WAREHOUSE__ENGINE": "duckdb", "CHARTMOGUL__DEFAULT__BASE_URL": AWAY}),
    ],
    ids=["hubspot", "postgres", "chartmogul"],
)
async def test_a_preview_of_a_system_that_is_away_says_so(
    mogulflow: Command, command: tuple[str, ...], environment: dict[str, str]
) -> None:
    said = await mogulflow(*command, **environment)
    assert (said.code, "Traceback" in said.text) == (1, False), said.text[-600:]
    assert "It cannot be reached now, and nothing was written" in said.text, said.text[-600:]
