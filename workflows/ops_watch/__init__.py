"""Ops watch: the ops channel hears of what waits for a person."""
