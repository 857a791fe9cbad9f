"""Warehouse export: once a night, all streams."""
