"""Those who may use the MCP server, as config/agents.yaml names them."""
