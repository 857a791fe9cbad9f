"""How fast the product is, against its ceiling and against the usual way of doing the same."""
