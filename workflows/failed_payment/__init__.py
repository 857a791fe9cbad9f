"""Failed payment: one run for each invoice, from its first failed attempt to its end."""
