"""The movements from before we started, less those that a recalculation has changed or taken away."""

from functools import cached_property

from simulators.chartmogul.history import PARTS, History, PackedKeys, Step, instant, part_id
from simulators.chartmogul.movements import ALWAYS, LiveMovements, MrrMovement, subscription_id
from simulators.kit.seed import Customer, Seed


class Past:
    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._gone: set[int] = set()
        self._touched: set[int] = set()
        self.history = History(seed)
        self.changed = LiveMovements()
        """Under the ids that they have always had."""

    @cached_property
    def keys(self) -> PackedKeys:
        """Of all, also of those that are `changed` or gone."""
        return self.history.keys()

    def is_gone(self, id: int) -> bool:
        return id in self._gone

    def touched(self) -> set[int]:
        """Numbers of customers whose past is not what it was."""
        return self._touched

    def of(self, part: Customer) -> list[MrrMovement]:
        if part.number > self._seed.count:  # made while we run
            return []
        steps = self.history.steps_of(part.terms)
        made = [_movement(part, index, step) for index, step in enumerate(steps)]
        if part.number not in self._touched:
            return made
        return [*(m for m in made if m.id not in self._gone), *self.changed.of(part)]

    def __getitem__(self, id: int) -> MrrMovement:
        if id in self.changed:
            return self.changed[id]
        number, index = divmod(id, PARTS)
        customer = self._seed.customer(number)
        return _movement(customer, index, self.history.step_of(customer.terms, index))

    def remove(self, movement: MrrMovement) -> None:
        if movement.id in self.changed:
            self.changed.remove(self.changed[movement.id])
        self._gone.add(movement.id)
        self._touched.add(movement.id // PARTS)


WORDS = {
    "new_biz": "purchased the {} plan",
    "expansion": "added seats to the {} plan",
    "contraction": "removed seats from the {} plan",
    "churn": "cancelled their {} plan",
    "reactivation": "reactivated an old account with {} plan",
}


def _movement(customer: Customer, index: int, step: Step) -> MrrMovement:
    return MrrMovement(
        part_id(customer.number, index),
        customer,
        instant(step.at),
        step.type,
        WORDS[step.type].format(customer.plan.name),
        step.cents,
        subscription_id(customer, step.subscription),
        customer.plan,
        ALWAYS,
        step.after,
    )
