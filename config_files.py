"""Reading a file of configuration into its model, and saying where it is wrong."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from config_syntax import said_of
from config_words import Words
from models.crm import CrmMapping
from models.warehouse import Mapping

M = TypeVar("M", bound=BaseModel)


class BadConfig(ValueError):
    """The file cannot be used; the message gives file, line and reason, one line for each fault."""


def load(path: str | Path, model: type[M], where_from: str) -> M:
    """`where_from` says what to do where the file is missing. Raises BadConfig."""
    file = Path(path)
    text, document = _document(file, where_from)
    words = Words(text, document, model)
    faults = words.tags()
    if not faults:
        try:
            return model.model_validate(document, extra="forbid")
        except ValidationError as error:
            faults = words.faults(error)
    raise BadConfig("\n".join(f"{file}:{fault.line}: {fault.text}" for fault in faults))


def load_mapping(path: str | Path) -> Mapping:
    """config/warehouse.yaml. Raises BadConfig."""
    return load(path, Mapping, "Copy config/warehouse.yaml or set WAREHOUSE_FILE.")


def load_crm_mapping(path: str | Path) -> CrmMapping:
    """config/crm.yaml. Raises BadConfig."""
    return load(path, CrmMapping, "Copy config/crm.yaml or set CRM_FILE.")


def _document(file: Path, where_from: str) -> tuple[str, Any]:
    """The text, and what YAML makes of it."""
    try:
        content = file.read_bytes()
        text = content.decode()
        return text, YAML(typ="rt").load(text)
    except OSError as error:
        raise BadConfig(f"{file}: {error.strerror}. {where_from}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadConfig(f"{file}:{line}: is not UTF-8") from None
    except ReaderError as error:
        line = content.decode()[: error.position].count("\n") + 1
        raise BadConfig(f"{file}:{line}: holds a character that YAML does not allow") from None
    except MarkedYAMLError as error:
        line, sentence = said_of(text, error)
        raise BadConfig(f"{file}:{line}: {sentence}") from None
    except RecursionError:
        raise BadConfig(f"{file}:1: is nested too deeply") from None
    except Exception as error:  # a value that is not of its tag, or no date: any of Python's errors
        raise BadConfig(f"{file}:1: a value cannot be read: {error}") from None
