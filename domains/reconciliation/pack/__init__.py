"""The evidence of a month: files with hashes, a signature, and the hash of the month before."""
