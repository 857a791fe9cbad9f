"""Steps on Marketo."""
