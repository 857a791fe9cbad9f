"""Gong: a revenue-intelligence tenant with timelines of accounts."""
