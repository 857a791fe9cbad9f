"""`python -m tests.conformance` runs the suite on both revisions and exits 1 where one is not met whole."""

import asyncio
import sys
import tempfile
import warnings
from pathlib import Path

from mcp import MCPDeprecationWarning

from commands import logs
from local.environments import NoEnvironment
from tests.conformance.running import REVISIONS, served, verdict


async def main() -> bool:
    logs.configure("ERROR")
    warnings.simplefilter("ignore", MCPDeprecationWarning)  # scenarios of the older revision need such
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder)) as url:
            verdicts = [await verdict(url, each, Path(folder)) for each in REVISIONS]
    for each in verdicts:
        sys.stdout.write(f"{each}\n" if each.is_good else f"{each.said}\n{each}\n")
    return all(each.is_good for each in verdicts)


if __name__ == "__main__":
    try:
        sys.exit(0 if asyncio.run(main()) else 1)
    except NoEnvironment as error:
        raise SystemExit(str(error)) from None
