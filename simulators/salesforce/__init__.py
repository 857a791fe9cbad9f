"""Salesforce: an org with accounts, contacts and tasks."""
