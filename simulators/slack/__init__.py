"""Slack: a workspace with channels and people."""
