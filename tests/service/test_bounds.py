"""The largest that a command takes is done, or refused in words."""

import json
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.dismissals import dismissal_id
from dispatch.deliveries import MAX_BODY
from local.stack import OURS, Stack
from models.deliveries import MOST_KEPT
from models.holds import HoldOn, HoldResult, brake_on
from operations.holds import MOST_WORDS
from operations.person import LONGEST_REASON
from simulators.kit.control import Control
from tests import imported
from tests.service.cancellations import partial
from tests.service.conftest import WIDE as WIDE_TERMINAL
from tests.service.conftest import Command
from tests.service.holds import opened_for_a_moment
from tests.service.kept import cancellation, kept_before_the_fix, result_of
from tests.waiting import until_listed

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
        (("pause", "--for", "999999999d" * 3, "why"), "must be at least 2 min"),
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
    assert "nothing answers at " in said.text, said.text[-600:]
    advice = "Nothing was written. Ask again later; if the address is wrong, correct "
    assert advice in said.text, said.text[-600:]


@pytest.mark.parametrize(("command", "outcome"), [("release", "released"), ("drop", "dropped")])
async def test_the_longest_reason_of_a_decision_is_kept_whole(
    client: Client, mogulflow: Command, command: str, outcome: str
) -> None:
    route = f"longest-{command}"
    await opened_for_a_moment(client, brake_on(route), HoldOn(why=WIDE * MOST_WORDS, by=WIDE * 100))
    await until_listed(client, f"WorkflowId = '{brake_on(route)}'")
    said = await mogulflow(command, route, WIDE * MOST_WORDS)
    assert (said.code, "Traceback" in said.text) == (0, False), said.text[-600:]
    handle = client.get_workflow_handle(brake_on(route), result_type=HoldResult)
    result: HoldResult = await handle.result()
    assert (result.outcome, result.why) == (outcome, WIDE * MOST_WORDS)


async def test_the_longest_reason_of_a_dismissal_is_kept_whole(
    simulators: Control, client: Client, mogulflow: Command
) -> None:
    run = await partial(client, simulators)
    said = await mogulflow("dismiss", run.id, WIDE * LONGEST_REASON)
    assert (said.code, said.text) == (0, f"{run.id}: dismissed")
    run_id = (await run.describe()).run_id
    memo = await (await client.get_workflow_handle(dismissal_id(run_id)).describe()).memo()
    assert memo["dismissed"]["why"] == WIDE * LONGEST_REASON


async def test_the_longest_dead_letter_is_replayed_and_dismissed_with_the_longest_reason(
    stack: Stack, simulators: Control, client: Client, mogulflow: Command
) -> None:
    body = cancellation(simulators)
    padded = body[:-1] + b" " * (MOST_KEPT - len(body)) + body[-1:]
    run = await kept_before_the_fix(client, padded)
    said = await mogulflow("replay", run)
    assert (said.code, f"{run}: replayed as event " in said.text) == (0, True), said.text[-600:]
    longer = await kept_before_the_fix(client, padded + b" ")
    said = await mogulflow("replay", longer)
    assert (said.code, "Traceback" in said.text, longer in said.text) == (1, False, True), said.text[-600:]
    said = await mogulflow("replay", longer, "--dismiss", WIDE * LONGEST_REASON)
    assert said.code == 0, said.text[-600:]
    assert (await result_of(client, longer)).reason == WIDE * LONGEST_REASON


LONG = 200_000
"""Characters of a value: more than one of a process's own environment may have."""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHARTMOGUL__DEFAULT__API_KEY", "k" * LONG),
        ("CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS", ",".join(f"{number:020}" for number in range(LONG // 21))),
        ("CHARTMOGUL__DEFAULT__TIME_ZONE", "z" * LONG),
        ("HUBSPOT__TOKEN", "t" * LONG),
        ("SALESFORCE__CLIENT_SECRET", "s" * LONG),
        ("SLACK__BOT_TOKEN", "x" * LONG),
        ("SLACK__OPS_CHANNEL", "#" + "c" * LONG),
        ("WEB_UI_URL", "http://ui.example/" + "u" * LONG),
        ("ROUTES_FILE", "r" * LONG),
        ("LOG_LEVEL", "l" * LONG),
    ],
)
async def test_a_value_of_any_length_in_env_is_used_or_refused_in_words(
    stack: Stack, tmp_path: Path, variable: str, value: str
) -> None:
    given = stack.environment | {variable: value}
    in_file = {name: each for name, each in given.items() if name.startswith(OURS)}
    file = tmp_path / "long.env"
    file.write_text("".join(f"{name}={each}\n" for name, each in in_file.items()), encoding="utf-8")
    others = {name: each for name, each in given.items() if name not in in_file}
    code = await imported.run(("doctor", "--env", str(file)), others | WIDE_TERMINAL, tmp_path)
    text = (tmp_path / "output").read_text()
    assert "Traceback" not in text, text[-2_000:]
    assert code in (0, 1, 2), text[-600:]
    assert "ChartMogul" in text or variable in text, text[:600]
    assert len(text) < LONG / 2, text[:600]
