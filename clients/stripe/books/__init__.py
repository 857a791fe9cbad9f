"""Stripe, read for a month: subscriptions, documents, cash."""
