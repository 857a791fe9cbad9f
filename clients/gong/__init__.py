"""Gong: digital interactions on the timelines of accounts."""
