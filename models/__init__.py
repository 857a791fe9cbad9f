"""Records that cross a boundary: events, effects and the vendors' shapes. Validation, no behaviour."""
