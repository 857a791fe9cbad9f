"""What a simulated vendor declares in its vendor.py, and the base of what it holds."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.kit.refusal import Refusal
from simulators.kit.seed import Seed

Handler = Callable[[Request, Exception], Awaitable[Response]]


def counted(number: int, noun: str) -> str:
    """`1 grant`, `2 grants`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


class State:
    """Made once, with the URL of the simulators. `reset` fills it, at the start as well."""

    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self, seed: Seed) -> None:
        """All data anew. What is no data of the vendor stays: sessions, where webhooks go."""
        raise NotImplementedError

    def summary(self) -> str:
        """What it holds, in a sentence or two, for the start page."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Cancel what runs in the background; a reset follows, or the end."""

    async def close(self) -> None:
        await self.stop()

    def call(self) -> AbstractContextManager[int | None]:
        """Lasts as long as a call of the API. Gives the status with which a limit refuses it, or None."""
        return nullcontext()

    def end_sessions(self) -> None:
        """Tokens that were issued are refused from now on."""

    def hire(self, email: str) -> None:
        """Somebody is an active user from now on; nothing where they are one, or there are no users."""


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    """Its package, the first segment of its paths, and what fault rules and the log call it."""
    title: str
    tone: str
    """Colour of its pages, as CSS has it."""
    api: str
    """Where below /<name> its API begins: calls are logged, and faults strike. The rest are pages for people,
    who start at /<name>/."""
    state: type[State]
    routers: tuple[APIRouter, ...]
    """With full paths: below /<name>, and below /control/<name> for tests. The first that matches answers."""
    refusal: Callable[[int], Refusal]
    """How it refuses with a status that a fault rule names."""
    expired: Refusal | None = None
    """How it refuses a credential that was good until now, where that is not `refusal(401)`."""
    crowded: Refusal | None = None
    """How it refuses too many calls at once, where it has an answer of its own for that."""
    handlers: Mapping[type[Exception], Handler] = field(default_factory=dict)
    """Answers to exceptions other than Refusal."""
