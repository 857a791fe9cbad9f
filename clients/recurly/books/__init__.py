"""Recurly, read for a month: subscriptions, documents, cash."""
