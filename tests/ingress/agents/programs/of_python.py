"""The same as typescript.mjs by the library's own client: of_python.py ADDRESS MODE=CUSTOMER …"""

import asyncio
import json
import os
import sys
from typing import Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

address, *asked = sys.argv[1:]


async def said_in(mode: str, customer: str) -> dict[str, Any]:
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
    async with http, Client(streamable_http_client(address, http_client=http), mode=mode) as client:
        tools = (await client.list_tools()).tools
        read = await client.call_tool("get_customer", {"customer": customer})
        change = {"customer": customer, "add": ["vip"], "reason": "asked by a test"}
        write = await client.call_tool("change_tags", change)
        run = await client.call_tool("get_run", {"run_id": write.structured_content["run_id"]})
        refused = await client.call_tool("get_run", {"run": "x"})
    return {
        "tools": [each.name for each in tools],
        "read": read.structured_content,
        "write": write.structured_content,
        "run": run.structured_content,
        "refused": json.loads(getattr(refused.content[0], "text", "")),
    }


async def main() -> None:
    said = [await said_in(*each.split("=")) for each in asked]
    sys.stdout.write(json.dumps({"modes": said}))


asyncio.run(main())
