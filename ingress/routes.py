"""Reading config/routes.yaml, and saying where it is wrong."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from models.routes import Routes


class BadRoutes(ValueError):
    """The file cannot be used; the message gives file, line and reason."""


def load_routes(path: str | Path) -> Routes:
    """Raises BadRoutes."""
    file = Path(path)
    document = _document(file)
    try:
        return Routes.model_validate(document, extra="forbid")
    except ValidationError as error:
        lines = [f"{file}:{_line(document, each['loc'])}: {_reason(each)}" for each in error.errors()]
        raise BadRoutes("\n".join(lines)) from None


def _document(file: Path) -> Any:
    try:
        content = file.read_bytes()
        return YAML(typ="rt").load(content.decode())
    except OSError as error:
        raise BadRoutes(f"{file}: {error.strerror}. Copy config/routes.yaml or set ROUTES_FILE.") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadRoutes(f"{file}:{line}: is not UTF-8") from None
    except ReaderError as error:
        line = content.decode()[: error.position].count("\n") + 1
        raise BadRoutes(f"{file}:{line}: holds a character that YAML does not allow") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadRoutes(f"{file}:{line}: {error.problem}") from None
    except RecursionError:
        raise BadRoutes(f"{file}:1: is nested too deeply") from None
    except Exception as error:  # a value that is not of its tag, or no date: any of Python's errors
        raise BadRoutes(f"{file}:1: a value cannot be read: {error}") from None


def _reason(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"{where}: {error['msg']}" if where else str(error["msg"])


def _line(document: Any, location: tuple[int | str, ...]) -> int:
    """The line of the deepest part of the location that is in the file, from 1."""
    line = 0
    for part in location:
        marks = getattr(document, "lc", None)
        if marks is None or part not in (marks.data or {}):  # merged keys have no line here
            break
        line = marks.data[part][0]
        document = document[part]
    return line + 1
