"""Recurly's API, version v2021-02-25."""
