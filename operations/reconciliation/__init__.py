"""Month-end reconciliation, for the command line."""
