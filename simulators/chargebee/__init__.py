"""Chargebee, simulated."""
