"""Others who read the same list. Scripts, each for a Python environment of its own, but the bare loop."""
