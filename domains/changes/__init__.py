"""Changes that are asked for: what the policy says of one."""
