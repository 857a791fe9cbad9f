"""Recurly, simulated."""
