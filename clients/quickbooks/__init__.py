"""QuickBooks Online's Accounting API, minor version 75. Reads only: nothing here can write to the books."""
