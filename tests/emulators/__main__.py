"""`python -m tests.emulators` makes the environments that are missing and prints their interpreters."""

import asyncio
import sys

from local.environments import NoEnvironment
from tests.emulators.environments import NAMES, python_of


async def main() -> None:
    for name in NAMES:
        sys.stdout.write(f"{await python_of(name)}\n")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except NoEnvironment as error:
        raise SystemExit(str(error)) from None
