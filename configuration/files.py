"""Reading a file of configuration into its model, and saying where it is wrong."""

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scanner import RoundTripScanner

from configuration.syntax import said_of
from configuration.words import Words
from models.agents import Agents
from models.crm import CrmMapping
from models.reconciliation.rules import ReconciliationRules
from models.routes import Routes
from models.warehouse import Mapping
from settings import Settings

M = TypeVar("M", bound=BaseModel)

MOST_BYTES = 256 * 1024
MOST_VALUES = 50_000
"""As a reader of the file meets them: what an alias names counts at each place."""
DEEPEST = 50
DEEPEST_READ = 2 * DEEPEST
"""Brackets within each other beyond which a file is not read on: the time to read grows with their square."""


class BadConfig(ValueError):
    """The file cannot be used; the message gives file, line and reason, one line for each fault."""


def load(path: str | Path, model: type[M], where_from: str) -> M:
    """`where_from` says what to do where the file is missing. Raises BadConfig."""
    file = Path(path)
    text, document = _document(file, where_from)
    if not _is_within_bounds(document):
        raise BadConfig(
            f"{file}:1: is nested deeper than {DEEPEST} levels, or its aliases (`*name`) make it longer than "
            f"{MOST_VALUES:,} values: write what they name where it is needed"
        )
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


def load_agents(path: str | Path) -> Agents:
    """config/agents.yaml. Raises BadConfig."""
    return load(path, Agents, "docs/agents.md has one to begin with; or set AGENTS_FILE.")


def agents_for(settings: Settings) -> Agents | None:
    """None where there is no such file: nobody may ask by a token, and nobody is listed as approver. Raises
    BadConfig."""
    return load_agents(settings.agents_file) if Path(settings.agents_file).exists() else None


def load_reconciliation(settings: Settings) -> ReconciliationRules | None:
    """config/reconciliation.yaml; None where there is none. Raises BadConfig."""
    if not Path(settings.reconciliation_file).exists():
        return None
    advice = "docs/reconciliation.md has one to begin with; or set RECONCILIATION_FILE."
    return load(settings.reconciliation_file, ReconciliationRules, advice)


def _document(file: Path, where_from: str) -> tuple[str, Any]:
    """The text, and what YAML makes of it."""
    try:
        content = _content(file)
        text = content.decode()
        return text, _parsed(text)
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


class _Scanner(RoundTripScanner):
    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:
        if self.flow_level >= DEEPEST_READ:
            raise RecursionError
        super().fetch_flow_collection_start(TokenClass, to_push)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    """Nobody changes it: models take what they need. One command may read the same file for several ends, and
    a warehouse's takes most of a second."""
    yaml = YAML(typ="rt")
    yaml.Scanner = _Scanner
    return yaml.load(text)


def _content(file: Path) -> bytes:
    """Never more than a little beyond the limit is read: the name may be that of a device or a dump."""
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadConfig(f"{file}: is longer than {MOST_BYTES // 1024} KiB, which no file of settings needs")
    return content


def _is_within_bounds(document: Any) -> bool:
    values, levels = _size(document, {})
    return values <= MOST_VALUES and levels <= DEEPEST


def _size(node: Any, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Values and levels. A node that an alias names is looked at once, and counts at each place."""
    if not isinstance(node, dict | list):
        return 1, 0
    if id(node) not in known:
        known[id(node)] = 1, DEEPEST  # until it is counted: what holds itself has no end
        below = [_size(each, known) for each in (node.values() if isinstance(node, dict) else node)]
        values = 1 + sum(values for values, _ in below)
        known[id(node)] = values, 1 + max((levels for _, levels in below), default=0)
    return known[id(node)]


def load_routes(path: str | Path) -> Routes:
    """Raises BadConfig."""
    return load(path, Routes, "Copy config/routes.yaml or set ROUTES_FILE.")


def crm_for(routes: Routes, settings: Settings) -> CrmMapping:
    """config/crm.yaml, where a route needs it. Raises BadConfig."""
    needed = any(route.of.needs_crm_mapping for route in routes.routes)
    return load_crm_mapping(settings.crm_file) if needed else CrmMapping()
