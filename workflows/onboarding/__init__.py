"""Onboarding: a new customer is set up everywhere, and somebody is told."""
