"""The steps of the audit's nightly export."""
