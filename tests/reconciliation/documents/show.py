"""Prints the table of the corpus."""

import sys

from tests.reconciliation.documents.corpus import run, table

if __name__ == "__main__":
    sys.stdout.write(table(list(run())) + "\n")
