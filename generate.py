"""Writes what is derived from the code: .env.example, the JSON Schemas in config, the README's tables of
templates and systems, the reference's tables of what a route may say, and what connects compose to the
simulators.

`python -m generate` writes, `python -m generate --check` exits 1 where a file is out of date, and notes
where config differs from the examples: a user's may, what ships must not.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from models.agents import Agents
from models.connectors import Connector
from models.crm import CrmMapping
from models.events import MovementType
from models.reconciliation.rules import ReconciliationRules
from models.routes import Filter, Route, Routes
from models.templates.catalogue import TEMPLATES
from models.warehouse import Mapping
from settings import Settings
from systems import BILLING, SYSTEMS

HEAD = """\
# Copy to .env, fill in and uncomment. Generated from settings.py by `make generate`.
# A system that is left out is off: its steps are recorded as skipped.

# Temporal, read by its SDK: address, namespace, and for a server that asks for them key and TLS
# TEMPORAL_ADDRESS=127.0.0.1:7233
# TEMPORAL_NAMESPACE=default
# TEMPORAL_API_KEY=
# TEMPORAL_TLS_CLIENT_CERT_PATH=
# TEMPORAL_TLS_CLIENT_KEY_PATH=

# Password of Temporal's database, for `docker compose --profile prod` alone (secret)
# POSTGRES_PASSWORD=
"""


def env_example() -> str:
    return HEAD + "\n".join(_lines(Settings, "")) + "\n"


def _lines(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        full = f"{prefix}{name.upper()}"
        if models := _models_in(field.annotation):
            account = "DEFAULT__" if get_origin(field.annotation) is dict else ""
            for number, nested in enumerate(models):
                yield f"\n# {'or: ' if number else ''}{field.description}"
                yield from _lines(nested, f"{full}__{account}")
        else:
            yield f"# {field.description}{' (secret)' if field.annotation is SecretStr else ''}"
            yield f"# {full}={_shown(field)}"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The settings models inside `X | Y | None` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, UnionType) or get_origin(annotation) in (dict, Annotated, Union):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []


def _shown(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
        return str(get_args(field.annotation)[0])
    if field.default in (PydanticUndefined, None) or isinstance(field.default, list):
        return ""
    return str(field.default).lower() if isinstance(field.default, bool) else str(field.default)


def routes_schema() -> str:
    return _schema(Routes)


def warehouse_schema() -> str:
    return _schema(Mapping)


def connector_schema() -> str:
    return _schema(Connector)


def crm_schema() -> str:
    return _schema(CrmMapping)


def agents_schema() -> str:
    return _schema(Agents)


def reconciliation_schema() -> str:
    return _schema(ReconciliationRules)


def _schema(model: type[BaseModel]) -> str:
    return json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def readme() -> str:
    every, titles = tuple(MovementType), {system.name: system.title for system in SYSTEMS}
    rows = ["| template | event | what it does | systems |", "|---|---|---|---|"]
    for each in TEMPLATES.values():
        takes = "every movement" if each.takes == every else ", ".join(each.takes)
        systems = ", ".join(titles[name] for name in each.systems)
        rows.append(f"| `{each.name}` | {takes} | {each.sentence} | {systems} |")
    text = _filled(Path("README.md"), "templates", rows)
    needs = ["| system | what it needs there |", "|---|---|"]
    needs += [f"| {each.title} | {each.needs} |" for each in SYSTEMS]
    return _in_region(text, "systems", needs)


def reference() -> str:
    rows = [*_fields("route", Route), *_fields("`when`", Filter)]
    for each in TEMPLATES.values():
        rows += _fields(f"`options` of `{each.name}`", each.options)
        for name, field in each.options.model_fields.items():
            for nested in _models_in(field.annotation):
                rows += _fields(f"`options.{name}` of `{each.name}`", nested)
    return _filled(Path("docs/reference.md"), "routes", ["", *rows])


def _fields(title: str, model: type[BaseModel]) -> Iterator[str]:
    """A table of them."""
    yield f"| {title} | meaning | default |"
    yield "|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {field.description} | {_default(field)} |"
    yield ""


def _default(field: FieldInfo) -> str:
    """As it would stand in the file."""
    given = field.default
    if field.is_required() or isinstance(given, BaseModel):
        return "required" if field.is_required() else ""
    if isinstance(given, list):
        return ", ".join(f"`{each}`" for each in given) or "none"
    if given is None or given == {}:
        return "none"
    return f"`{str(given).lower() if isinstance(given, bool) else given}`"


def compose() -> str:
    there = "http://simulators:8090"
    connections = [
        f"  {name}: ${{{name}:-{value.format(simulators=there)}}}"
        for system in SYSTEMS
        if system.in_compose
        for name, value in system.simulated.items()
    ]
    secrets = {each.name: f"{each.name.upper()}__DEFAULT__WEBHOOK_SECRETS" for each in BILLING}
    connections += [f"  {secret}: ${{{secret}:-demo-secret}}" for secret in secrets.values()]
    text = _filled(Path("docker-compose.yml"), "systems", connections)
    webhooks = [
        f"      - --billing-webhook={name}=http://ingress:8080/webhooks/{name}/${{{secret}:-demo-secret}}"
        for name, secret in secrets.items()
    ]
    return _in_region(text, "billing", webhooks)


def _filled(path: Path, region: str, lines: list[str]) -> str:
    """The file with these lines between the two that name the region."""
    return _in_region(path.read_text(encoding="utf-8"), region, lines)


def _in_region(text: str, region: str, lines: list[str]) -> str:
    old = text.splitlines(keepends=True)
    [begin] = [number for number, line in enumerate(old) if f"{region}: made by" in line]
    [end] = [number for number, line in enumerate(old) if f" /{region}" in line and number > begin]
    return "".join([*old[: begin + 1], *(f"{line}\n" for line in lines), *old[end:]])


GENERATED = {
    Path("README.md"): readme,
    Path("docs/reference.md"): reference,
    Path("docker-compose.yml"): compose,
    Path(".env.example"): env_example,
    Path("config/routes.schema.json"): routes_schema,
    Path("config/warehouse.schema.json"): warehouse_schema,
    Path("config/crm.schema.json"): crm_schema,
    Path("config/connector.schema.json"): connector_schema,
    Path("config/agents.schema.json"): agents_schema,
    Path("config/reconciliation.schema.json"): reconciliation_schema,
}


def main() -> int:
    if "--check" in sys.argv:
        _note_differences()
    stale = [path for path, make in GENERATED.items() if not _is_current(path, make())]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(GENERATED[path](), encoding="utf-8")
        return 0
    for path in stale:
        sys.stderr.write(f"{path} is out of date: run `make generate`\n")
    return 1 if stale else 0


def _note_differences() -> None:
    """The line of an editor, the first, has another path in each."""
    for example in sorted(Path("examples/config").glob("*.yaml")):
        ours = Path("config", example.name)
        if not ours.exists():  # that of agents: without it there are none
            continue
        texts = [path.read_text(encoding="utf-8").partition("\n")[2] for path in (ours, example)]
        if texts[0] != texts[1]:
            sys.stderr.write(f"note: {ours} differs from {example}, which demo and tests use\n")


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main())
