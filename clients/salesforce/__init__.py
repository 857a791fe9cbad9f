"""Salesforce, by simple-salesforce."""
