"""Bodies at the edge of what can be read start a run: Temporal has no reason to refuse one for ever."""

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.conftest import SECRET
from tests.models.bodies import webhook

URL = f"/webhooks/chartmogul/{SECRET}"
LONG = 200_000


def of_a_customer(**fields: Any) -> dict[str, Any]:
    return {"customer": {"uuid": f"cus_{uuid.uuid4()}"} | fields}


@pytest.mark.parametrize(
    "changes",
    [
        of_a_customer(name="\x00\x1b[2J\u2028\u202e"),
        of_a_customer(name="x" * LONG),
        of_a_customer(name="\U0001f600" * (LONG // 4)),
        of_a_customer(uuid="ß" * 60 + uuid.uuid4().hex),
        of_a_customer() | {"description": "cancelled their " + "\U0001f600" * (LONG // 4) + " plan"},
        of_a_customer() | {"subscription": {"external_id": "x" * LONG}},
        of_a_customer() | {"subscription": {"external_id": "\x00'\"\\ \U0001f600"}},
        of_a_customer() | {"mrr_movement_in_account_currency": -(10**15), "account_currency": "XXX"},
        of_a_customer() | {"date": "1990-01-01T00:00:00-23:59"},
        of_a_customer() | {"date": "2200-12-31T23:59:59-23:59"},
        of_a_customer() | {"later": [[[{"deep": 1e308}]]], "more": "x" * LONG},
    ],
)
async def test_a_body_that_is_odd_but_readable_starts_a_run(
    http: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    body = json.dumps(webhook(**changes), ensure_ascii=False)
    answer = await http.post(URL, content=body.encode())
    assert answer.status_code == 202, answer.text[:500]


@pytest.mark.parametrize(
    "changes",
    [
        of_a_customer(name=None, company=" ", email=None),
        of_a_customer() | {"description": None},
        of_a_customer() | {"subscription": None},
        of_a_customer() | {"subscription": {"external_id": None}},
        of_a_customer(name="half \ud83d pair") | {"description": "\udc00", "more": {"\ud800": "\ud800"}},
        of_a_customer() | {"description": "to " * 60_000 + "\n"},
        of_a_customer() | {"description": ("to " * 30 + "\n") * 2_000},
        of_a_customer() | {"more": ["x"] * 50_000},
        of_a_customer() | {"more": 10**4000},
    ],
)
async def test_what_is_null_or_large_where_nothing_depends_on_it_starts_a_run(
    http: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    answer = await http.post(URL, content=json.dumps(webhook(**changes)).encode())
    assert answer.status_code == 202, answer.text[:500]


@pytest.mark.parametrize("more", ["NaN", "Infinity", "-Infinity", '{"deep": [NaN]}'])
async def test_a_number_that_is_none_is_no_json_also_where_nobody_reads_it(
    http: httpx.AsyncClient, more: str
) -> None:
    body = json.dumps(webhook(**of_a_customer()))[:-1] + f', "later": {more}}}'
    answer = await http.post(URL, content=body.encode())
    assert answer.status_code == 422
    assert answer.json()["error"] == "The body is no JSON."


@pytest.mark.parametrize(
    "more",
    [
        '"later": ' + "[" * 100_000 + "]" * 100_000,
        '"later": ' + '{"a":' * 40_000 + "1" + "}" * 40_000,
        '"later": ' + "9" * 250_000,
        ", ".join(f'"later{n}": {n}' for n in range(12_000)),
        '"later": "' + "to " * 80_000 + '\\n"',
    ],
    ids=["lists", "objects", "digits", "fields", "text"],
)
async def test_the_largest_body_is_answered_and_so_is_the_next(http: httpx.AsyncClient, more: str) -> None:
    """202 and a run that acts, or 422 and a run that keeps it; never an error of ours."""
    body = json.dumps(webhook(**of_a_customer()))[:-1] + f", {more}}}"
    assert len(body) < 256 * 1024
    answer = await http.post(URL, content=body.encode())
    assert answer.status_code in (202, 422), answer.text[:500]
    assert answer.status_code == 202 or answer.json()["kept"]["workflow_id"]
    assert (await http.get("/health")).status_code == 200
