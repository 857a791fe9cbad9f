// Lists, reads, writes and is refused once, by one of two major versions of the TypeScript client.
// node typescript.mjs MODULES sdk|client ADDRESS CUSTOMER, with TOKEN in the environment; prints one line of JSON.

import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, version, address, customer] = process.argv.slice(2);
const require = createRequire(join(modules, "here.js"));

function library() {
  if (version === "client") return require("@modelcontextprotocol/client");
  return {
    ...require("@modelcontextprotocol/sdk/client/index.js"),
    ...require("@modelcontextprotocol/sdk/client/streamableHttp.js"),
  };
}

const { Client, StreamableHTTPClientTransport } = library();
const options = version === "client" ? { versionNegotiation: { mode: "auto" } } : {};
const client = new Client({ name: "a-test", version: "1" }, options);
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit: { headers } }));

const { tools } = await client.listTools();
const read = await client.callTool({ name: "get_customer", arguments: { customer } });
const change = { customer, add: ["vip"], reason: "asked by a test" };
const write = await client.callTool({ name: "change_tags", arguments: change });
const run = await client.callTool({ name: "get_run", arguments: { run_id: write.structuredContent.run_id } });
const refused = await client.callTool({ name: "get_run", arguments: { run: "x" } });
console.log(
  JSON.stringify({
    tools: tools.map((each) => each.name),
    read: read.structuredContent,
    write: write.structuredContent,
    run: run.structuredContent,
    refused: JSON.parse(refused.content[0].text),
  }),
);
await client.close();
