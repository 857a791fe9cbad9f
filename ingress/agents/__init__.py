"""What agents may do, by the Model Context Protocol; off unless config/agents.yaml exists."""
