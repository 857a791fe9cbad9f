"""Intercom's REST API."""
