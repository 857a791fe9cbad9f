"""Clients that speak each vendor's language. They know nothing of Temporal and never retry by themselves."""
