"""What the simulated billing systems share: the invoices, and what may become of them."""
