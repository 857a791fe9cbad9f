"""Buttons in Slack: by a request URL with a signature, or by Socket Mode where there is no public address."""
