"""Month-end reconciliation: what is read of each system, by which rules it is judged, what is found."""
