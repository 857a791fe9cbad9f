"""The audit outside Temporal: files that are a chain, and whether they are whole."""
