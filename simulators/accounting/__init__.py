"""What the simulated accounting systems share: the books, and who may read them."""
