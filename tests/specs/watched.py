"""What Prism says of each request and answer that it sees."""

import json
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.kit.errors import IntegrationError


@dataclass
class Watched:
    """`seen` are methods and paths; `violations` what the description does not allow. That a status is not
    named there is none: descriptions forget most refusals."""

    seen: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    async def look(self, response: httpx.Response) -> None:
        self.seen.append(f"{response.request.method} {response.request.url.path}")
        said = json.loads(response.headers.get("sl-violations", "[]"))
        self.violations += [
            f"{'.'.join(each['location'])}: {each['message']}" for each in said if each["severity"] == "Error"
        ]

    def has_seen(self, operation: str) -> bool:
        """`GET /contacts/{id}`."""
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", operation)
        return any(re.fullmatch(pattern, each) for each in self.seen)


@asynccontextmanager
async def watched(http: httpx.AsyncClient) -> AsyncIterator[Watched]:
    found = Watched()
    http.event_hooks = {"response": [found.look]}
    yield found


async def refusal(work: Awaitable[Any]) -> type[IntegrationError] | None:
    """None where it went well. Any error but ours is a fault."""
    try:
        await work
    except IntegrationError as error:
        return type(error)
    return None
