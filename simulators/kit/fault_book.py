"""Fault rules and which of them strikes a call."""

import random
import re
from collections.abc import Collection
from itertools import count

from simulators.kit.shapes import FaultRule, System


class UnknownSystem(ValueError):
    pass


class FaultBook:
    def __init__(self, seed: int, systems: Collection[System]) -> None:
        self._systems = systems
        self._random = random.Random(seed)
        self._ids = count(1)
        self._rules: dict[int, FaultRule] = {}
        self._skipped: dict[int, int] = {}

    def check_known(self, system: System) -> None:
        if system not in self._systems:
            raise UnknownSystem(f"no system {system}: there are {', '.join(self._systems)}")

    def add(self, rule: FaultRule) -> FaultRule:
        """Raises UnknownSystem."""
        self.check_known(rule.system)
        rule = rule.model_copy(update={"id": next(self._ids), "hits": 0})
        self._rules[rule.id] = rule
        return rule

    def remove(self, id: int) -> bool:
        return self._rules.pop(id, None) is not None

    def clear(self) -> None:
        self._rules.clear()

    def all(self) -> list[FaultRule]:
        return list(self._rules.values())

    def reads(self, system: System) -> bool:
        """Whether a rule asks for the text of the system's calls."""
        return any(rule.text and rule.system == system for rule in self._rules.values())

    def strike(
        self, system: System, method: str, path: str, under_way: int = 0, text: str = ""
    ) -> FaultRule | None:
        """The first rule that applies to this call, beside `under_way` others; it counts as a hit."""
        for rule in self._rules.values():
            crowded = rule.at_once is None or under_way >= rule.at_once
            if crowded and _matches(rule, system, method, path, text) and self._is_due(rule):
                struck = rule.model_copy(update={"hits": rule.hits + 1})
                self._rules[rule.id] = struck
                return struck
        return None

    def _is_due(self, rule: FaultRule) -> bool:
        if rule.times is not None and rule.hits >= rule.times:
            return False
        skipped = self._skipped.get(rule.id, 0)
        if skipped < rule.skip:
            self._skipped[rule.id] = skipped + 1
            return False
        return self._random.random() < rule.probability


def _matches(rule: FaultRule, system: System, method: str, path: str, text: str) -> bool:
    return (
        rule.system == system
        and rule.method in (None, method)
        and (rule.path is None or re.search(rule.path, path) is not None)
        and (rule.text is None or re.search(rule.text, text) is not None)
    )
