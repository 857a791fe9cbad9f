"""The same as typescript.mjs by the library's own client, in the revision that the first argument names."""

import asyncio
import json
import os
import sys

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

mode, address, customer = sys.argv[1:]


async def main() -> None:
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
    async with http, Client(streamable_http_client(address, http_client=http), mode=mode) as client:
        tools = (await client.list_tools()).tools
        read = await client.call_tool("get_customer", {"customer": customer})
        change = {"customer": customer, "add": ["vip"], "reason": "asked by a test"}
        write = await client.call_tool("change_tags", change)
        run = await client.call_tool("get_run", {"run_id": write.structured_content["run_id"]})
        refused = await client.call_tool("get_run", {"run": "x"})
    said = {
        "tools": [each.name for each in tools],
        "read": read.structured_content,
        "write": write.structured_content,
        "run": run.structured_content,
        "refused": json.loads(getattr(refused.content[0], "text", "")),
    }
    sys.stdout.write(json.dumps(said))


asyncio.run(main())
