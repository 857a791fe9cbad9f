"""Stripe's API, read by its own library."""
