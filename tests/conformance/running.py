"""The public suite against the ingress: its own sign-in, lists and checks are on."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from commands.serve import listening
from ingress.agents.declaration import Offer
from ingress.app import create_app
from local.processes import free_ports
from models.tokens import digest_of, new_token
from settings import Settings
from tests.conformance.fixtures import add_to
from tests.emulators.environments import packages_beside, program_of
from tests.ingress.agents.stand_ins import TOOLS

REVISIONS = ("2026-07-28", "2025-11-25")
SUITE = "@modelcontextprotocol/conformance/dist/index.js"


class Door:
    """The suite can send no header: it enters here, with a token. Behind it is nothing but the product."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            MutableHeaders(scope=scope)["authorization"] = f"Bearer {self._token}"
        await self._app(scope, receive, send)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The address of its /mcp, by a name that the suite takes for local."""
    token, port, file = new_token(), free_ports(0)[0], folder / "agents.yaml"
    suite = {
        "token_sha256": [digest_of(token)],
        "scopes": ["metrics.read", "customers.read", "customers.write"],
    }
    with file.open("w") as opened:
        YAML().dump({"principals": {"suite": suite}, "limits": {"calls_per_minute": 10_000}}, opened)
    settings = Settings(ingress_port=port, agents_file=str(file))
    app = create_app(settings, offer=Offer(tools=TOOLS, prepare=add_to))
    app.add_middleware(Door, token=token)
    async with listening(app, settings):
        yield f"http://localhost:{port}/mcp"


@dataclass(frozen=True)
class Verdict:
    """On the scenarios that the revision requires: `checks` passed in all of them, `failed` names those that
    did not pass. `said` is what the suite printed."""

    revision: str
    exit_code: int
    required: int
    checks: int
    failed: list[str]
    said: str

    @property
    def is_good(self) -> bool:
        return self.exit_code == 0 and self.required > 0 and not self.failed

    def __str__(self) -> str:
        passed = self.required - len(self.failed)
        return f"{self.revision}: {passed} of {self.required} required scenarios, {self.checks} checks"


async def verdict(url: str, revision: str, folder: Path) -> Verdict:
    """No failure is expected: the suite is given no list of such."""
    node = await program_of("mcp")
    process = await asyncio.create_subprocess_exec(
        node, packages_beside(node) / SUITE, "server", "--url", url, "--requirements", revision,
        "-o", folder / revision, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await process.communicate())[0].decode()
    _, _, summary = said.partition("=== SUMMARY ===")
    scores, _, unscored = summary.partition("Not scored for")
    left_out = set(re.findall(r"[✓✗] (\S+) \(", unscored))
    found = [each for each in re.findall(r"([✓✗]) (\S+): (\d+) passed", scores) if each[1] not in left_out]
    return Verdict(
        revision=revision,
        exit_code=process.returncode or 0,
        required=len(found),
        checks=sum(int(checks) for _, _, checks in found),
        failed=[name for mark, name, _ in found if mark == "✗"],
        said=said,
    )
