"""Expansion: an opportunity for who pays more, and one for several upgrades in a row."""
