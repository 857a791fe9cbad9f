"""An agent on this machine: the file that lets it in, and the protocol's own client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from models.tokens import digest_of, new_token

FILE = "agents.yaml"
AGENT, OWNER, APPROVER = "churn-bot", "ravi.menon@mogulflow.example", "maya.okafor@mogulflow.example"
ALLOWED = f"""\
principals:
  {AGENT}:
    token_sha256: [{{digest}}]
    scopes: [metrics.read, customers.read, customers.write, customers.admin]
    owner: {OWNER}
approvers: {{{{emails: [{APPROVER}], channel: "#revops-alerts"}}}}
"""

NO_LIMITS = "limits: {calls_per_minute: 10000, runs_per_hour: 10000, runs_waiting: 1000}\n"


def admit(folder: Path, more: str = "") -> str:
    """Write the file that lets the agent in, and `more` into it. Returns its token, whose hash is there."""
    token = new_token()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(ALLOWED.format(digest=digest_of(token)) + more, encoding="utf-8")
    return token


@asynccontextmanager
async def connected(ingress_url: str, token: str) -> AsyncIterator[Any]:
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    http = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
    async with http, Client(streamable_http_client(f"{ingress_url}/mcp", http_client=http)) as client:
        yield client
