"""Payments, refunds and disputes against the books, and payouts against deposits."""
