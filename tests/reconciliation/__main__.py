"""Prints how the judge does on the corpus, code by code: python -m tests.reconciliation [seeds]."""

import sys

from tests.reconciliation.table import measured, printed

if __name__ == "__main__":
    sys.stdout.write(printed(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 20)))
