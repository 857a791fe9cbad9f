"""How a tool is declared, who calls it, and how it says that it cannot."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client

from clients.chartmogul.client import ChartMogulClient
from models.agents import Agents, Scope
from models.base import Record
from settings import Settings

LONGEST_DESCRIPTION = 199


class ToolFailed(Exception):
    """What a better call, or a later one, would avoid. All of it reaches the agent: ids, no names or e-mails.
    `code` is one of a short list (docs/agents-tools.md), `next` says what to call."""

    def __init__(
        self, code: str, message: str, next: str = "", retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.next = code, message, next
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Caller:
    """Whoever holds the token of this call, and what its tools work with. `name` is the principal's in the
    policy, the audit and run ids; of an identity provider's it is `idp:CLIENT:SUBJECT`."""

    name: str
    scopes: frozenset[str]
    owner: str
    accounts: tuple[str, ...]
    """ChartMogul accounts it may see, of those that are set."""
    settings: Settings
    agents: Agents
    chartmogul: Mapping[str, ChartMogulClient]
    """By account, those of `accounts`: they share a small part of what ChartMogul allows."""
    client: Client | None = None
    people: tuple[str, ...] = ()
    """Digests of the e-mails that its token names: who has one of them does not decide on what it asks."""
    has_read_untrusted: bool = False
    """Whether an answer to it had `untrusted_fields` that name something, since this process began."""

    @property
    def temporal(self) -> Client:
        """Raises ToolFailed until Temporal has answered for the first time."""
        if self.client is None:
            raise ToolFailed("temporal_unavailable", "Temporal does not answer yet.", retry_after_seconds=5)
        return self.client


@dataclass(frozen=True)
class Hints:
    """What a client may tell its user beforehand. An update that overwrites is destructive."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


@dataclass(frozen=True)
class Tool:
    """`call(caller, **arguments)`: its keyword parameters, each `Annotated[T, Field(description=…)]`, are the
    tool's arguments, and what it returns is the answer, a Record. It raises ToolFailed."""

    name: str
    description: str
    scope: Scope | None
    """None: for whoever has any that writes."""
    hints: Hints
    call: Callable[..., Awaitable[Record]]
    lists_answer: bool = False
    """Whether the answer's schema is in the list, for programs. It is as long as the arguments'."""

    def __post_init__(self) -> None:
        if len(self.description) > LONGEST_DESCRIPTION:
            raise ValueError(f"{self.name}: the description is longer than {LONGEST_DESCRIPTION} characters")


@dataclass(frozen=True)
class Offer:
    """What the server offers, where that is not ingress/agents/tools. `prepare` adds to the server itself.
    Both are for tests."""

    tools: Sequence[Tool] | None = None
    prepare: Callable[[Any], None] | None = None
