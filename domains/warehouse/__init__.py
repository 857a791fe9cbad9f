"""The warehouse: what a load is, row by row and table by table, for every engine."""
