"""QuickBooks Online, simulated."""
