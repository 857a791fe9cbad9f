"""Churn save: a cancellation becomes a save task and an alert, and is checked on later."""
