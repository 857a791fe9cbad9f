"""Month-end reconciliation: what is compared, why it differs, and the evidence of it."""
