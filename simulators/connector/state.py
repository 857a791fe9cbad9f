"""All that the simulated product holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from fastapi import Request

from simulators.kit.seed import Seed
from simulators.kit.vendor import State, counted
from simulators.world import world_of


@dataclass
class Product:
    """`answers` are those to idempotency keys. Grants have none: each call makes one."""

    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    grants: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))
    _grant_ids: Iterator[int] = field(default_factory=lambda: count(1))

    def of_external_id(self, external_id: str) -> list[dict[str, Any]]:
        return [each for each in self.accounts.values() if each["external_id"] == external_id]

    def create(self, given: dict[str, Any]) -> dict[str, Any]:
        id = f"acc_{next(self._ids)}"
        self.accounts[id] = {"id": id, **given, "created_at": datetime.now(UTC).isoformat()}
        return self.accounts[id]

    def grant(self, account: str, tool: str) -> dict[str, Any]:
        made = {"id": f"grant_{next(self._grant_ids)}", "account": account, "tool": tool}
        self.grants.append(made)
        return made


class OwnProduct(State):
    def reset(self, seed: Seed) -> None:
        self.product = Product()

    def summary(self) -> str:
        accounts, grants = len(self.product.accounts), len(self.product.grants)
        return f"{counted(accounts, 'account')}, {counted(grants, 'grant')} of access."


def product_of(request: Request) -> Product:
    return world_of(request).of(OwnProduct).product
