"""How a method becomes a step: its registered name, its system, and what its errors mean."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from temporalio import activity

from activities.errors import application_error
from clients.kit.errors import IntegrationError, Outdated
from models.effects import Effect, Write

S = TypeVar("S", contravariant=True)
A = TypeVar("A", contravariant=True)
R = TypeVar("R")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True)
class StepDefinition:
    """`name` is `{system}.{verb}_{object}`: what the Web UI's timeline shows. It never changes.

    `looks_first`: exactly once rests on looking before writing again, not on a key of the system.
    """

    name: str
    looks_first: bool = False

    @property
    def system(self) -> str:
        return self.name.partition(".")[0]


class Step(Protocol[S, A, R_co]):
    """An activity method, as `workflows.engine.steps.step` takes it."""

    definition: StepDefinition

    def __call__(self, owner: S, arg: A, /) -> Awaitable[R_co]: ...


class Bound(Protocol):
    """A step of an object, as a worker takes it."""

    definition: StepDefinition

    def __call__(self, arg: Any, /) -> Awaitable[Any]: ...


def steps_of(owner: object) -> list[Bound]:
    """All steps of an object, in the order of their names."""
    methods = (getattr(owner, name) for name in dir(type(owner)) if not name.startswith("_"))
    return [method for method in methods if hasattr(method, "definition")]


def step_activity(
    name: str, *, looks_first: bool = False
) -> Callable[[Callable[[S, A], Awaitable[R]]], Step[S, A, R]]:
    definition = StepDefinition(name, looks_first)

    def define(method: Callable[[S, A], Awaitable[R]]) -> Step[S, A, R]:
        @wraps(method)
        async def run(self: S, arg: A) -> R:
            info = activity.info()
            try:
                result = await method(self, _repeated(arg) if info.attempt > 1 else arg)
            except IntegrationError as error:
                raise application_error(error, local=info.is_local) from None
            return _counted(result, info.attempt)

        step = cast(Any, activity.defn(name=name)(run))
        step.definition = definition
        return cast(Step[S, A, R], step)

    return define


def refuse_outdated(system: str, write: Write) -> None:
    """For a write that surely is not there yet, right before it is made. Raises Outdated."""
    if write.is_outdated(datetime.now(UTC)):
        raise Outdated(system, "It was held up for so long that what it says may be untrue by now")


def _repeated(arg: T) -> T:
    return arg.model_copy(update={"repeat": True}) if isinstance(arg, Write) else arg


def _counted(result: R, attempt: int) -> R:
    if isinstance(result, Effect):
        return result.model_copy(update={"tries": attempt})
    return result
