"""Churn risk: an event's run finds the reason, the customer's case acts on all of them together."""
