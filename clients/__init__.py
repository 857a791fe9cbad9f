"""Clients that speak each vendor's language. They know nothing of Temporal, and repeat no
write by themselves."""
