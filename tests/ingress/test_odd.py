"""Bodies at the edge of what can be read start a run: Temporal has no reason to refuse one for ever."""

import json
import uuid
from typing import Any

import httpx
import pytest

from tests.conftest import SECRET
from tests.models.test_events import webhook

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
