"""`python -m tests.emulators` makes the environments that are missing and prints what runs them: all that
`make test` needs, or those that are named."""

import asyncio
import sys

from local.environments import NoEnvironment
from tests.emulators.environments import NAMES, program_of


async def main() -> None:
    for name in sys.argv[1:] or NAMES:
        sys.stdout.write(f"{await program_of(name)}\n")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except NoEnvironment as error:
        raise SystemExit(str(error)) from None
