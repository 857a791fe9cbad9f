"""Digests that stand in ids of runs, in decisions and in audits that were written long ago: they stay."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from models.audit import AuditEffect
from models.canonical import digest_of, sha256_of
from models.effects import Action, Effect
from models.ledger import hash_of
from operations.changes import arguments_digest
from workflows.change.plan import plan_hash

EFFECT = Effect(
    system="chartmogul",
    object_type="customer",
    object_id="cus_1",
    action=Action.UPDATED,
    key="k",
    before={"tag vip": False},
    after={"tag vip": True},
)


@pytest.mark.parametrize(
    ("parts", "digest"),
    [
        ((), "4f53cda18c2baa0c0354bb5f9a3ecbe5"),
        (("default", "churn-bot", {"b": [1, None, True], "a": "é 漢"}), "10f24fc49405a0bbf528af8abc56473b"),
        (("w", datetime(2026, 11, 30, 4, 50, tzinfo=UTC), Decimal("1.50"), False),
         "04adab21bcd505c0c8e751656e3ce533"),
    ],
)  # fmt: skip
def test_ids_stay(parts: Any, digest: str) -> None:
    assert digest_of(*parts) == digest


def test_arguments_are_known_again_without_reason_and_key() -> None:
    change = {"customer_uuid": "cus_1", "add": ["vip"]}
    given = change | {"reason": "x", "idempotency_key": "k"}
    assert arguments_digest(given) == arguments_digest(change) == "900c6e5065e321f160d1b96fd1e8fcff"


@pytest.mark.parametrize(
    ("side", "digest"),
    [
        (None, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"),
        ({}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
        ({"tag vip": False, "seats": 3, "name": "Fjørd"},
         "3e49f76340e445d4ff13f531f90e0d7b62adcdc2cf7dfa1cc8322f55f23a348f"),
    ],
)  # fmt: skip
def test_sides_in_the_audit_stay(side: Any, digest: str) -> None:
    assert sha256_of(side) == digest
    assert AuditEffect.of(EFFECT.model_copy(update={"before": side})).before == digest


def test_plans_stay() -> None:
    assert plan_hash([EFFECT]) == "7cada26256047984d5b6b0f893660d47"
    assert plan_hash([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5"


def test_the_ledgers_links_stay() -> None:
    content = {"id": "change/1", "what": "Ünd", "effects": [{"a": None}]}
    link = hash_of("0" * 64, 1, content)
    assert link == "391bb151ec862db4ec706d7569c0965fabad06894a8d337a6cb979ba80d73a84"
