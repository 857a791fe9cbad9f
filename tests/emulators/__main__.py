"""`python -m tests.emulators` makes the environments that are missing and prints what runs them."""

import asyncio
import sys

from local.environments import NoEnvironment
from tests.emulators.environments import NAMES, json_server, python_of


async def main() -> None:
    for name in NAMES:
        sys.stdout.write(f"{await python_of(name)}\n")
    sys.stdout.write(f"{await json_server()}\n")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except NoEnvironment as error:
        raise SystemExit(str(error)) from None
