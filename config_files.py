"""Reading a file of configuration into its model, and saying where it is wrong."""

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from models.crm import CrmMapping
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


def load_crm_mapping(path: str | Path) -> CrmMapping:
    """config/crm.yaml. Raises BadConfig."""
    return load(path, CrmMapping, "Copy config/crm.yaml or set CRM_FILE.")


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
    """Fields of the models at that place; none where the way there is not plain."""
    models = _models_in(model)
    for part in location:
        found = [fields[part] for each in models if part in (fields := _fields(each))]
        models = [each for annotation in found for each in _models_in(annotation)] if found else models
    return [str(name) for each in models for name in _fields(each)]


def _fields(model: type[BaseModel]) -> dict[int | str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models inside `X | Y | None`, `list[X]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated, list, dict):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []


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
