"""Marketo Engage's REST API."""
