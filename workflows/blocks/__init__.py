"""What templates are composed of: each a sentence of theirs."""
