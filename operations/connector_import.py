"""A connector's file proposed from an OpenAPI description: what there is to call, and what it needs at least.

It is a beginning for a person: where values come from, and which write may be repeated, no description says.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.connectors import Connector
from operations.errors import Stopped

MOST_BYTES = 16 * 1024 * 1024
MOST_OPERATIONS = 100
MOST_OPTIONAL = 5
"""Fields of a body that requires none."""

DEEPEST = 4
"""Levels of a body that are proposed."""

METHODS = ("get", "post", "put", "patch", "delete")
JSON_TYPES = re.compile(r"application/([\w.+-]*\+)?json\b|\*/\*")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Proposed:
    """`content` is the file's; `notes` say what a person has to see to."""

    content: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def read(file: Path) -> dict[str, Any]:
    """Raises Stopped."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Stopped(f"{file} has more than {MOST_BYTES // 1024 // 1024} MiB.")
        document = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError, RecursionError) as error:
        raise Stopped(f"{file} cannot be read as YAML or JSON: {type(error).__name__}") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise Stopped(f"{file} is no OpenAPI description: it has no paths.")
    return document


def proposed(document: Mapping[str, Any], variable: str, wanted: str = "") -> Proposed:
    """Operations whose path or name has `wanted` in it. `variable` begins the names of its variables. Raises
    Stopped where there are none, or too many."""
    spec = _Spec(document)
    found = [each for each in spec.operations() if wanted.lower() in f"{each.path} {each.name}".lower()]
    if not found or len(found) > MOST_OPERATIONS:
        raise Stopped(
            f"{len(found)} operations have {wanted!r} in their path or name; "
            f"say with --only which of them you need, {MOST_OPERATIONS} at most."
        )
    operations: dict[str, Any] = {}
    for each in found:
        operations[_unique(each.name, operations)] = each.proposed()
    content = {
        "title": spec.title,
        "base_url": spec.base_url,
        "auth": spec.auth(variable),
        "operations": operations,
    }
    notes = [note for each in found for note in each.notes]
    Connector.model_validate(content)  # what is proposed can be read
    return Proposed(content, notes)


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    if name not in taken:
        return name
    return next(more for number in range(2, 1_000) if (more := f"{name[:56]}_{number}") not in taken)


class _Spec:
    """OpenAPI 3, or Swagger 2."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        info = document.get("info")
        self.title = str(info.get("title", ""))[:60] if isinstance(info, dict) else ""

    @property
    def base_url(self) -> str:
        servers = self._document.get("servers")
        if isinstance(servers, list) and servers:
            url = _filled(str(servers[0]["url"]), servers[0].get("variables") or {}).rstrip("/")
            return url if url.startswith("http") else f"https://api.example.com{url}"
        host = self._document.get("host", "api.example.com")
        return f"https://{host}{self._document.get('basePath', '')}".rstrip("/")

    def operations(self) -> Iterator["_Operation"]:
        for path, item in self._document["paths"].items():
            item = self.resolved(item)
            shared = item.get("parameters", [])
            for method in METHODS:
                if isinstance(each := item.get(method), dict):
                    yield _Operation(self, str(path), method, each, [*shared, *each.get("parameters", [])])

    def resolved(self, node: Any) -> dict[str, Any]:
        """What a reference within the document leads to."""
        for _ in range(20):
            if not isinstance(node, dict) or "$ref" not in node:
                return node if isinstance(node, dict) else {}
            target: Any = self._document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                target = (
                    target.get(part.replace("~1", "/").replace("~0", "~"))
                    if isinstance(target, dict)
                    else None
                )
            node = target
        return {}

    def auth(self, variable: str) -> dict[str, Any]:
        components = self._document.get("components") or {}
        schemes = components.get("securitySchemes") or self._document.get("securityDefinitions") or {}
        for scheme in map(self.resolved, schemes.values()):
            if auth := _auth(scheme, variable):
                return auth
        return {"kind": "none"}


def _filled(url: str, variables: Mapping[str, Any]) -> str:
    """With the defaults of its variables."""
    defaults = {name: str(each.get("default", "")) for name, each in variables.items()}
    return re.sub(r"\{(\w+)\}", lambda found: defaults.get(found[1], ""), url)


def _auth(scheme: Mapping[str, Any], variable: str) -> dict[str, Any] | None:
    kind, how = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if kind == "http" and how == "bearer":
        return {"kind": "bearer", "token": f"{variable}_TOKEN"}
    if kind == "basic" or (kind == "http" and how == "basic"):
        return {"kind": "basic", "user": f"{variable}_USER", "password": f"{variable}_PASSWORD"}
    if kind == "apiKey" and scheme.get("in") == "header":
        return {"kind": "header", "header": scheme["name"], "value": f"{variable}_KEY"}
    if kind == "apiKey" and scheme.get("in") == "query":
        return {"kind": "query", "parameter": scheme["name"], "value": f"{variable}_KEY"}
    if kind == "oauth2":
        return _oauth(scheme.get("flows") or {}, variable)
    return None


def _oauth(flows: Mapping[str, Any], variable: str) -> dict[str, Any] | None:
    secrets = {"client_id": f"{variable}_CLIENT_ID", "client_secret": f"{variable}_CLIENT_SECRET"}
    if flow := flows.get("clientCredentials"):
        return {"kind": "client_credentials", "token_url": flow["tokenUrl"], **secrets}
    if flow := flows.get("authorizationCode"):
        token = {"refresh_token": f"{variable}_REFRESH_TOKEN"}
        return {"kind": "refresh_token", "token_url": flow["tokenUrl"], **secrets, **token}
    return None


class _Operation:
    def __init__(
        self, spec: _Spec, path: str, method: str, said: Mapping[str, Any], parameters: list[Any]
    ) -> None:
        self._spec, self.path, self._method, self._said = spec, path, method, said
        self._parameters = [spec.resolved(each) for each in parameters]
        self.name = _snake(str(said.get("operationId") or f"{method}_{path}"))
        self.notes: list[str] = []

    def proposed(self) -> dict[str, Any]:
        content: dict[str, Any] = {"method": self._method.upper(), "path": self._path()}
        if summary := " ".join(str(self._said.get("summary", "")).split()):
            content["summary"] = summary[:100]
        for place, name in (("query", "query"), ("header", "headers")):
            if given := self._needed(place):
                content[name] = given
        if self._method not in ("get", "delete") and (body := self._body()):
            content["body"] = body
        if statuses := self._statuses():
            content["success"] = {"statuses": statuses}
        return content | self._once()

    def _path(self) -> str:
        names = re.findall(r"\{([^{}]+)\}", self.path)
        if names:
            self.notes.append(f"{self.name}: say where {', '.join(names)} in its path come from")
        path = re.sub(r"\{([^{}]+)\}", lambda found: f"{{{{ facts.{_snake(found[1])} }}}}", self.path)
        return path if path.startswith("/") else f"/{path}"

    def _needed(self, place: str) -> dict[str, Any]:
        """Parameters that it cannot do without, but for our key; and the version that is described: without
        it an API answers by another."""
        return {
            str(each["name"]): _value(self._spec, each, _snake(str(each["name"])))
            for each in self._parameters
            if each.get("in") == place
            and (each.get("required") or self._is_version(each))
            and not _is_key(each)
        }

    def _is_version(self, parameter: Mapping[str, Any]) -> bool:
        schema = self._spec.resolved(parameter.get("schema")) or parameter
        named = "version" in str(parameter.get("name", "")).lower()
        return parameter.get("in") == "header" and named and "default" in schema

    def _once(self) -> dict[str, Any]:
        if self._method == "get":
            return {}
        key = next((each["name"] for each in self._parameters if _is_key(each)), None)
        if key:
            return {"once": {"header": key}}
        if self._method == "post":
            self.notes.append(f"{self.name}: is called at most once, unless you say how a repeat is known")
        return {}

    def _body(self) -> dict[str, Any] | None:
        content = self._spec.resolved(self._said.get("requestBody")).get("content", {})
        for media, about in content.items():
            schema = about.get("schema") if isinstance(about, dict) else None
            if JSON_TYPES.match(media) and schema is not None:
                return {"json": _example(self._spec, schema, self.name, DEEPEST)}
            if media == FORM and schema is not None:
                given = _example(self._spec, schema, self.name, DEEPEST)
                return {"form": given} if isinstance(given, dict) else None
        if content:
            self.notes.append(f"{self.name}: no connector can send its body, {', '.join(map(str, content))}")
        return None

    def _statuses(self) -> list[int]:
        return [int(code) for code in self._said.get("responses", {}) if re.fullmatch(r"2\d\d", str(code))]


def _is_key(parameter: Mapping[str, Any]) -> bool:
    return parameter.get("in") == "header" and "idempotency" in str(parameter.get("name", "")).lower()


def _example(spec: _Spec, schema: Any, name: str, levels: int) -> Any:
    """What such a body has at least: its required fields, and of one that requires none the first ones."""
    schema = _merged(spec, schema)
    properties = schema.get("properties")
    if schema.get("type") == "array" or "items" in schema:
        return [_example(spec, schema.get("items"), name, levels - 1)] if levels else []
    if not isinstance(properties, dict) or not levels:
        return _value(spec, {"schema": schema}, name)
    required = [each for each in schema.get("required", []) if each in properties]
    writable = [each for each in properties if not _merged(spec, properties[each]).get("readOnly")]
    chosen = required or writable[:MOST_OPTIONAL]
    return {each: _example(spec, properties[each], _snake(str(each)), levels - 1) for each in chosen}


def _merged(spec: _Spec, schema: Any) -> dict[str, Any]:
    """With all of its parts; of alternatives the first."""
    found = dict(spec.resolved(schema))
    parts = [*found.get("allOf", []), *found.get("oneOf", [])[:1], *found.get("anyOf", [])[:1]]
    for part in parts:
        more = spec.resolved(part)
        properties = {**more.get("properties", {}), **found.get("properties", {})}
        required = [*found.get("required", []), *more.get("required", [])]
        found = (
            {**more, **found} | ({"properties": properties} if properties else {}) | {"required": required}
        )
    return found


def _value(spec: _Spec, about: Mapping[str, Any], name: str) -> Any:
    """What the description fixes, else a fact of that name."""
    schema = spec.resolved(about.get("schema")) or about
    for fixed in (schema.get("default"), *schema.get("enum", [])[:1]):
        if isinstance(fixed, str | int | float) and "{{" not in str(fixed):
            return fixed
    return f"{{{{ facts.{name} }}}}"


def _snake(text: str) -> str:
    """`listSubscriptions` and `/contacts/{id}` as names of ours."""
    words = re.sub(r"(?<=[A-Za-z])(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:60].rstrip("_")
    return name if name[:1].isalpha() else f"the_{name}"[:60].rstrip("_")
