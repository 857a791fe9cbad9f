"""Reading what users configure, and saying in words where it is wrong."""
