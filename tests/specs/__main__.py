"""`python -m tests.specs FOLDER` looks whether the descriptions are there, and installs Prism once."""

import asyncio
import sys
from pathlib import Path

from local.environments import NoEnvironment
from tests.emulators.environments import program_of
from tests.specs.descriptions import missing

if __name__ == "__main__":
    folder = " ".join(sys.argv[1:])
    if said := missing(Path(folder) if folder else None):
        raise SystemExit(said)
    try:
        asyncio.run(program_of("prism"))
    except NoEnvironment as error:
        raise SystemExit(str(error)) from None
