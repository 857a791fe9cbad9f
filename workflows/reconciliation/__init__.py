"""Month-end reconciliation: what is due, the run of a month, and what it says."""
