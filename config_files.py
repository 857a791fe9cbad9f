"""Reading a file of configuration into its model, and saying where it is wrong."""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from models.spelling import nearest
from models.warehouse import Mapping

M = TypeVar("M", bound=BaseModel)


class BadConfig(ValueError):
    """The file cannot be used; the message gives file, line and reason, one line for each fault."""


def load(path: str | Path, model: type[M], where_from: str) -> M:
    """`where_from` says what to do where the file is missing. Raises BadConfig."""
    file = Path(path)
    document = _document(file, where_from)
    try:
        return model.model_validate(document, extra="forbid")
    except ValidationError as error:
        lines = [f"{file}:{_line(document, each['loc'])}: {_reason(model, each)}" for each in error.errors()]
        raise BadConfig("\n".join(lines)) from None


def load_mapping(path: str | Path) -> Mapping:
    """config/warehouse.yaml. Raises BadConfig."""
    return load(path, Mapping, "Copy config/warehouse.yaml or set WAREHOUSE_FILE.")


def _document(file: Path, where_from: str) -> Any:
    try:
        content = file.read_bytes()
        return YAML(typ="rt").load(content.decode())
    except OSError as error:
        raise BadConfig(f"{file}: {error.strerror}. {where_from}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadConfig(f"{file}:{line}: is not UTF-8") from None
    except ReaderError as error:
        line = content.decode()[: error.position].count("\n") + 1
        raise BadConfig(f"{file}:{line}: holds a character that YAML does not allow") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadConfig(f"{file}:{line}: {error.problem}") from None
    except RecursionError:
        raise BadConfig(f"{file}:1: is nested too deeply") from None
    except Exception as error:  # a value that is not of its tag, or no date: any of Python's errors
        raise BadConfig(f"{file}:1: a value cannot be read: {error}") from None


def _reason(model: type[BaseModel], error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        text += nearest(str(error["loc"][-1]), _names_at(model, error["loc"][:-1]))
    return f"{where}: {text}" if where else text


def _names_at(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """Fields of the model at that place; none where the way there is not plain."""
    for part in location:
        model = _model_in(model)
        fields = {f.alias or name: f for name, f in model.model_fields.items()} if model else {}
        if part in fields:
            model = fields[str(part)].annotation
    found = _model_in(model)
    return [f.alias or name for name, f in found.model_fields.items()] if found else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one model inside `X | None`, `list[X]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, Annotated, list, dict):
        found = (_model_in(each) for each in get_args(annotation))
        return next((each for each in found if each), None)
    return None


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
