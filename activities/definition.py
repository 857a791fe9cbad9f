"""How a method becomes a step: its registered name, its system, and what its errors mean."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from temporalio import activity

from activities.errors import application_error, refuse_while_closed, remember
from clients.errors import IntegrationError
from models.effects import Effect

S = TypeVar("S", contravariant=True)
A = TypeVar("A", contravariant=True)
R = TypeVar("R")
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
    """An activity method, as `workflows.steps.step` takes it."""

    definition: StepDefinition

    def __call__(self, owner: S, arg: A, /) -> Awaitable[R_co]: ...


def step_activity(
    name: str, *, looks_first: bool = False
) -> Callable[[Callable[[S, A], Awaitable[R]]], Step[S, A, R]]:
    definition = StepDefinition(name, looks_first)

    def define(method: Callable[[S, A], Awaitable[R]]) -> Step[S, A, R]:
        @wraps(method)
        async def run(self: S, arg: A) -> R:
            info = activity.info()
            try:
                if info.is_local:
                    refuse_while_closed(definition.system)
                result = await method(self, arg)
            except IntegrationError as error:
                remember(error)
                raise application_error(error, local=info.is_local) from None
            return _counted(result, info.attempt)

        step = cast(Any, activity.defn(name=name)(run))
        step.definition = definition
        return cast(Step[S, A, R], step)

    return define


def _counted(result: R, attempt: int) -> R:
    if isinstance(result, Effect):
        return result.model_copy(update={"tries": attempt})
    return result
