"""Chargebee, read for a month: subscriptions, documents, cash."""
