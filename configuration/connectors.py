"""The files of config/connectors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from configuration.files import BadConfig, load
from models.connectors import VARIABLE, Connector
from models.routes import Routes
from models.templates.template import Names
from settings import Settings

_NAME = re.compile("[a-z][a-z0-9_]{0,59}")


def load_connectors(folder: str | Path) -> dict[str, Connector]:
    """By name: those of the folder's files. Raises BadConfig."""
    found = {}
    for file in sorted(Path(folder).glob("*.yaml")):
        if not _NAME.fullmatch(file.stem):
            said = "a connector's name has small letters, digits and `_`, as in my_product.yaml"
            raise BadConfig(f"{file}:1: {said}")
        found[file.stem] = load(file, Connector, "")
    return found


def connectors_for(routes: Routes, settings: Settings) -> dict[str, Connector]:
    """Those of config/connectors, where a route calls any. Raises BadConfig."""
    return load_connectors(settings.connector.folder) if routes.named(Names.OPERATION) else {}


def variables_of(auth: BaseModel) -> Iterator[str]:
    """Names of the variables that hold its secrets."""
    for name, about in type(auth).model_fields.items():
        value: Any = getattr(auth, name)
        if value is not None and VARIABLE in about.metadata:
            yield value
