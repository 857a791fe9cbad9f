"""Xero's Accounting API, version 2.0. Reads only: nothing here can write to the books."""
