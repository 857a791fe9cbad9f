"""The same as typescript.mjs by fastmcp's client. Runs in an environment of its own."""

import asyncio
import json
import os
import sys

from fastmcp import Client

address, customer = sys.argv[1:]


async def main() -> None:
    async with Client(address, auth=os.environ["TOKEN"]) as client:
        tools = await client.list_tools()
        read = await client.call_tool("get_customer", {"customer": customer})
        change = {"customer": customer, "add": ["vip"], "reason": "asked by a test"}
        write = await client.call_tool("change_tags", change)
        run = await client.call_tool("get_run", {"run_id": write.structured_content["run_id"]})
        refused = await client.call_tool("get_run", {"run": "x"}, raise_on_error=False)
    said = {
        "tools": [each.name for each in tools],
        "read": read.structured_content,
        "write": write.structured_content,
        "run": run.structured_content,
        "refused": json.loads(refused.content[0].text),
    }
    sys.stdout.write(json.dumps(said))


asyncio.run(main())
