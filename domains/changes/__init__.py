"""Changes that are asked for: what the policy says of one, and what it would do, told field by field."""
