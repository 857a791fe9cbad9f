"""What stands on the vendors' descriptions. Without the folder that SPECS names, there are no tests here."""

import copy
import functools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from operations.connector_import import read
from tests.emulators.running import Emulator, running
from tests.specs.descriptions import Document, write

collect_ignore_glob = [] if os.environ.get("SPECS") else ["test_*.py"]

Description = Callable[[str], Document]
Prism = Callable[..., AbstractAsyncContextManager[Emulator]]


@pytest.fixture(scope="session")
def description() -> Description:
    """Of one file, a copy for who asks."""
    folder = Path(os.environ["SPECS"])
    once = functools.cache(lambda name: read(folder / name))
    return lambda name: copy.deepcopy(once(name))


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Prism:
    return functools.partial(_prism, tmp_path_factory)


@asynccontextmanager
async def _prism(
    folders: pytest.TempPathFactory, document: Document, *arguments: str, upstream: str = ""
) -> AsyncIterator[Emulator]:
    """It looks at what goes to `upstream` and comes from there; without one it answers by itself."""
    folder = folders.mktemp("prism")
    file = str(write(document, folder / "description.json"))
    mode = ["proxy", file, upstream] if upstream else ["mock", file]
    async with running("prism", folder / "log", [*mode, *arguments]) as found:
        yield found
