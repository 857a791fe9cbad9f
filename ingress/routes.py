"""Reading config/routes.yaml, and saying where it is wrong."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from models.routes import Routes


class BadRoutes(ValueError):
    """The file cannot be used; the message gives file, line and reason."""


def load_routes(path: str | Path) -> Routes:
    """Raises BadRoutes."""
    file = Path(path)
    try:
        document = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRoutes(f"{file}: {error.strerror}. Copy config/routes.yaml or set ROUTES_FILE.") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadRoutes(f"{file}:{line}: {error.problem}") from None
    try:
        return Routes.model_validate(document)
    except ValidationError as error:
        lines = [f"{file}:{_line(document, each['loc'])}: {_reason(each)}" for each in error.errors()]
        raise BadRoutes("\n".join(lines)) from None


def _reason(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _line(document: Any, location: tuple[int | str, ...]) -> int:
    """The line of the deepest part of the location that is in the file, from 1."""
    line = 0
    for part in location:
        marks = getattr(document, "lc", None)
        if marks is None or marks.data is None or not _holds(document, part):
            break
        line = marks.item(part)[0] if isinstance(part, int) else marks.key(part)[0]
        document = document[part]
    return line + 1


def _holds(document: Any, part: int | str) -> bool:
    if isinstance(part, int):
        return isinstance(document, list) and part < len(document)
    return isinstance(document, dict) and part in document
