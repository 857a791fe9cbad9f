"""Marketo: an instance with leads, lists, programs, custom objects and campaigns."""
