"""Zendesk: users and organisations, and their tags."""
