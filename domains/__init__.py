"""Business rules of ours, by area: no Temporal, and no vendor's language."""
