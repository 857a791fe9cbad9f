"""One step each: a client call with its key, translated errors and an effect."""
