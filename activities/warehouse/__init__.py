"""The steps of the warehouse export."""
