"""Chargebee's API, version 2."""
