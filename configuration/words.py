"""What is wrong with a value in a file of configuration, in words for who wrote it.

A library speaks of its own models and types; here are the place in the file, what is expected, what was
found, and what to write instead.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import TaggedScalar

from models.events import MovementType
from models.routes import OtherEvent
from models.spelling import nearest
from models.templates.catalogue import TEMPLATES

Location = tuple[int | str, ...]

ENTRIES = {"routes": "route", "streams": "table", "columns": "column", "promote": "attribute"}
"""What the entries of a list are called, and they by their names."""

PATTERNS = {
    "^[a-z0-9][a-z0-9-]*$": "small letters, digits and -, such as churn-save",
    r"^[A-Za-z]\w{0,99}$": "a letter, then letters, digits and _, as the CRM's API names the field",
    "^[A-Z]{3}$": "three capital letters, such as EUR",
    r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$": "connector and operation, as in my_product.create_account",
    "^[a-z][a-z0-9_]*$": "small letters, digits and _, such as create_account",
    "^[A-Z][A-Z0-9_]*$": "the name of a variable, such as MY_PRODUCT_TOKEN",
    "^/": "what begins with /",
    "^https://": "an address that begins with https://",
    r"^[^@\s]+@[^@\s]+$": "an e-mail address",
    r"^https?://[^\s/?#@{}\\]+(/[^\s?#{}\\]*)?$": "an address such as https://api.example.com/v1",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": "the name of a header, such as X-Api-Key",
    r"^[a-z][a-z0-9_]{0,62}$": "a small letter, then small letters, digits and _, at most 63",
    r"^custom\.[A-Za-z0-9_ -]+$": "custom. and the attribute's name, such as custom.tier",
    r"^custom\.\S([^\r\n]{0,198}\S)?$": "custom. and the attribute's name, such as custom.tier",
    r"^[0-9a-f]{64}$": "the 64 digits that `mogulflow agents token` prints: its SHA-256, not the token",
    r"^\d+[mhd]$": "a number of minutes, hours or days, such as 30m, 24h or 3d",
    r"^https?://": "an address that begins with https://",
    r"^(https?://[^/]+)?$": "an address without a path, such as https://mogulflow.example.com",
}
"""What the patterns of the models ask for."""

FILTERS: dict[int | str, list[str]] = {"movements": list(MovementType), "events": list(get_args(OtherEvent))}
"""The lists of a route's filter, and the types of events that either takes."""

EXAMPLES: dict[str, str] = {
    "routes": "- name: churn-save", "when": "movements: [churn]", "movements": "[churn]",
    "minimum_mrr": "500", "accounts": "[default]", "channel": '"#revenue-saves"', "name": "churn-save",
    "template": "churn_save", "task": "priority: High", "check_back_days": "[7, 30]",
    "act_within_days": "3", "due_in_business_days": "1", "fallback_owner": "ops@acme.example",
    "systems": "[hubspot, salesforce]", "settling_seconds": "20", "alert_waits_seconds": "10",
    "reason_attributes": "[cancellation_reason]", "match": "[key, email]",
    "minor_unit_digits": "{default: 2}", "exchange_rates": "{EUR: 1.08}", "also": "[gmx.*]",
    "allow": "[acme.example]", "columns": "- {name: uuid, from: uuid, type: text}",
    "transform": "[lower]", "streams": "- stream: customers",
}  # fmt: skip

SCALARS = ("str", "int", "float", "bool")
"""How pydantic names what it tried, one after the other."""

MOST_SHOWN = 40

TOKEN = re.compile(r"mflow_\S*")
"""One of ours, put where its digest belongs, is not repeated."""


@dataclass(frozen=True)
class Fault:
    line: int
    text: str


class Words:
    """Of one file: its lines, and what YAML made of them."""

    def __init__(self, text: str, document: Any, model: type[BaseModel]) -> None:
        self._lines, self._document, self._model = text.splitlines(), document, model

    def tags(self) -> list[Fault]:
        """Values with a tag of YAML's: pydantic takes some of them for an empty list."""
        return [
            Fault(self._line(each), f"{self._where(each)}! begins a tag of YAML's{self.quote(each)}")
            for each in _tagged(self._document, ())
        ]

    def faults(self, error: ValidationError) -> list[Fault]:
        """In the order of the file, each once."""
        if not isinstance(self._document, Mapping):
            return [self._no_mapping()]
        errors = _merged(error.errors(include_url=False))
        extra = {each["loc"]: self._elsewhere(each["loc"]) for each in errors if _is_extra(each)}
        meant = {found.name for found in extra.values()}
        found = [
            (self._line(_at(each)[-1]), *self._placed_reason(each, extra))
            for each in errors
            if not (each["type"] == "missing" and each["loc"][-1] in meant)
        ]
        # what YAML's names (&, *) put in several places is at fault once
        once = {(line, reason): place for line, place, reason in reversed(found)}
        faults = [Fault(line, f"{place}{reason}") for (line, reason), place in once.items()]
        return sorted(reversed(faults), key=lambda fault: fault.line)

    def _no_mapping(self) -> Fault:
        first = next(iter(self._model.model_fields))
        needed = next((name for name, each in self._model.model_fields.items() if each.is_required()), first)
        if self._document is None:
            return Fault(1, f"the file is empty: it begins with `{needed}:`")
        if isinstance(self._document, list):
            return Fault(1, f"the file begins with a list: `{needed}:` is missing above it")
        return Fault(
            1, f"expects names with values below them, `{needed}:` first; found {_shown(self._document)}"
        )

    def _placed_reason(self, error: Any, extra: Mapping[Location, "Elsewhere"]) -> tuple[str, str]:
        location: Location = error["loc"]
        if _is_extra(error):
            return self._where(location[:-1]), extra[location].text
        if error["type"] == "missing":
            return self._where(location[:-1]), f"`{location[-1]}` is missing{_such_as(location)}"
        return self._where(location), self._reason(error)

    def _where(self, location: Location) -> str:
        where = ", ".join(self._place(location))
        return f"{where}: " if where else ""

    def _place(self, location: Location) -> Iterator[str]:
        """`route churn-save`, then `options.task`."""
        node, plain, last = self._document, [], ""
        for part in location:
            node = _child(node, part)
            if isinstance(part, str):
                plain.append(part.removesuffix("[key]"))
                last = part
            elif last in ENTRIES and plain:
                plain.pop()
                yield from _path(plain)
                plain = []
                yield f"{ENTRIES[last]} {_called(node, part)}"
        yield from _path([each for each in plain if each])

    def _reason(self, error: Any) -> str:
        kind, value, context = error["type"], error["input"], error.get("ctx", {})
        if value is None and (why := self._vanished(error["loc"])):
            return why
        words = REASONS.get(kind)
        if words is None:
            at = _at(error)
            lines = f" (lines {', '.join(str(self._line(each)) for each in at)})" if len(at) > 1 else ""
            return str(error["msg"]).removeprefix("Value error, ") + lines
        return words(value, context, error["loc"], self)

    def _vanished(self, location: Location) -> str:
        """Where YAML took what somebody wrote for something else than a value."""
        written = self._written(location)
        if written.startswith("#"):
            return f"# begins a comment{self.quote(location)}"
        if written.startswith("&"):
            return f"& begins a name of YAML's{self.quote(location)}"
        if written and written not in ("~", "null"):
            return ""
        if below := self._models_at(location) if isinstance(location[-1], str) else []:
            needed = [f.alias or name for name, f in below[0].model_fields.items() if f.is_required()]
            if one_of := getattr(below[0], "needs_one_of", ()):
                needed.append(" or ".join(one_of))
            otherwise = f"where nothing is to be set, write {location[-1]}: {{}}"
            return f"has nothing below it; {'it needs ' + _listed(needed) if needed else otherwise}"
        return f"has no value{_such_as(location)}"

    def quote(self, location: Location, *, word: bool = False) -> str:
        """Of a value that is one `word` only that: behind it, on its line, others may follow."""
        written = self._written(location)
        written = re.split(r"[,}\s]", written)[0] if word else written
        plain = _short(written.replace('"', "'"))
        if not plain:
            return ": quote it"
        name = f"{location[-1]}: " if isinstance(location[-1], str) else ""
        return f': quote it, {name}"{plain}"'

    def _written(self, location: Location) -> str:
        """The rest of the line, as it stands in the file, behind the name."""
        line = self._lines[self._line(location) - 1] if self._lines else ""
        if isinstance(location[-1], int):
            match = re.search(r"^\s*-(.*)$", line)
        else:
            match = re.search(rf"(?:^|[\s{{,\"'-]){re.escape(location[-1])}[\"']?\s*:(.*)", line)
        return match[1].strip() if match else ""

    def _line(self, location: Location) -> int:
        """The line of the deepest part of the location that is in the file, from 1."""
        node, line = self._document, 0
        for part in location:
            marks = getattr(node, "lc", None)
            if marks is None or part not in (marks.data or {}):  # merged names have no line here
                break
            line = marks.data[part][0]
            node = node[part]
        return line + 1

    def _elsewhere(self, location: Location) -> "Elsewhere":
        """Where a name that is not known at its place belongs."""
        name, here = str(location[-1]), self._models_at(location[:-1])
        known = [str(field) for model in here for field in _fields(model)]
        for depth, top in self._tops(location[:-1]):
            if path := _path_to(name, top, self._chosen(location[:depth])):
                to = f"belongs under `{'.'.join(path)}`"
                if depth < len(location) - 1:
                    to = self._outward(location, depth, path)
                return Elsewhere(path[0] or name, f"`{name}` {to}, not here")
        likely = _likely(name, known)
        if likely:
            return Elsewhere(likely, f"`{name}` is not known: did you mean {likely}?")
        return Elsewhere(name, f"`{name}` is not known here; known are {_listed(known)}")

    def _outward(self, location: Location, depth: int, path: Sequence[str]) -> str:
        """Into one of the mappings around."""
        *whose, inner = ["", *self._place(location[:depth])]
        below = [inner.strip("`")] if inner.startswith("`") else []
        entry = (whose[-1] if below else inner) or "the file"
        way = [*below, *(part for part in path if part)]
        return f"belongs under `{'.'.join(way)}` of {entry}" if way else f"belongs to {entry} itself"

    def _tops(self, location: Location) -> Iterator[tuple[int, list[type[BaseModel]]]]:
        """The models at the place, then those around it, up to the entry of a list or the file."""
        for depth in range(len(location), -1, -1):
            yield depth, self._models_at(location[:depth])
            if depth and isinstance(location[depth - 1], int):
                return

    def _models_at(self, location: Location) -> list[type[BaseModel]]:
        """None where the way there is not plain. Of a route's options those of its template."""
        models: list[type[BaseModel]] = [self._model]
        for place, part in enumerate(location):
            found = [
                fields[part] for each in models if isinstance(part, str) and part in (fields := _fields(each))
            ]
            chosen = self._chosen(location[:place]) if part == "options" else None
            models = (
                [chosen] if chosen else [m for each in found for m in _models_in(each)] if found else models
            )
        return models

    def _chosen(self, location: Location) -> type[BaseModel] | None:
        """The model of the options that the route at the place has, where it says its template."""
        node = self._document
        for part in location:
            node = _child(node, part)
        template = node.get("template") if isinstance(node, Mapping) else None
        known = TEMPLATES.get(template) if isinstance(template, str) else None
        return known.options if known else None


@dataclass(frozen=True)
class Elsewhere:
    """`name` is what was meant, or what it belongs under: that is not missing besides."""

    name: str
    text: str


def _tagged(node: Any, location: Location) -> Iterator[Location]:
    if isinstance(node, TaggedScalar):
        yield location
    elif isinstance(node, Mapping | list):
        parts = node.items() if isinstance(node, Mapping) else enumerate(node)
        for part, below in parts:
            yield from _tagged(below, (*location, part))


def _is_extra(error: Any) -> bool:
    return bool(error["type"] == "extra_forbidden")


def _merged(errors: Sequence[Any]) -> list[Any]:
    """Where a value may be of several types, pydantic says of each that it is not."""
    found: dict[Location, Any] = {}
    for each in errors:
        location: Location = each["loc"]
        if location and location[-1] in SCALARS and len(location) > 1:
            found.setdefault(location[:-1], each | {"loc": location[:-1], "type": "scalar"})
        elif location and location[-1] == "[key]":
            found.setdefault(location, each | {"loc": location[:-1]})
        else:
            found.setdefault((*location, each["type"]), each)
    return list(found.values())


Reason = Callable[[Any, Mapping[str, Any], Location, Words], str]


def _expects(what: str) -> Reason:
    return lambda value, _, location, __: f"expects {what}{_such_as(location)}; found {_shown(value)}"


def _text(value: Any, _: Any, location: Location, words: Words) -> str:
    if isinstance(value, Mapping | list):
        return f"expects text{_such_as(location)}; found {_shown(value)}"
    kind = "true or false" if isinstance(value, bool) else "a date" if isinstance(value, date) else "a number"
    return f"expects text, and YAML takes {_shown(value)} for {kind}{words.quote(location, word=True)}"


def _mapping(value: Any, context: Mapping[str, Any], location: Location, _: Words) -> str:
    if context.get("class_name") == "FieldMapping":
        return f"expects the name of their field, or {{to: name, ...}}; found {_shown(value)}"
    return f"expects names with values below it{_such_as(location)}; found {_shown(value)}"


def _one_of(value: Any, context: Mapping[str, Any], location: Location, _: Words) -> str:
    known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    likely, other = _likely(str(value), known), _of_the_other(str(value), location)
    hint = f": did you mean {likely}?" if likely else other
    return f"{_shown(value)} is not known{hint or f'; expects one of {_listed(known)}'}"


def _of_the_other(value: str, location: Location) -> str:
    """What a filter has in one of its two lists, and is of the other."""
    here = next((part for part in reversed(location) if part in FILTERS), None)
    for name, types in FILTERS.items() if here else ():
        if name != here and (likely := _likely(value, types)):
            return f" here: {likely} belongs in `{name}`"
    return ""


def _number(value: Any, _: Any, location: Location, __: Words) -> str:
    plain = re.sub(r"[^\d.,-]", "", str(value)) if isinstance(value, str) else ""
    advice = ", digits alone, without currency or separators" if plain else ""
    return f"expects a number{advice}{_such_as(location)}; found {_shown(value)}"


def _list(value: Any, _: Any, location: Location, __: Words) -> str:
    if isinstance(value, Mapping | list) or value is None:
        return f"expects a list{_such_as(location)}; found {_shown(value)}"
    if match := re.match(r"-+(\w.*)", str(value), re.DOTALL):
        return f"needs a space behind the dash: `- {_short(match[1])}`"
    return f"expects a list: write [{_shown(value)}]"


def _limit(sign: str, name: str) -> Reason:
    return lambda value, context, _, __: f"must be {sign.format(f'{context[name]:g}')}; found {_shown(value)}"


def _pattern(value: Any, context: Mapping[str, Any], _: Location, __: Words) -> str:
    return f"{_shown(value)} cannot be used; it takes {PATTERNS.get(context['pattern'], context['pattern'])}"


def _too_few(_: Any, __: Any, location: Location, ___: Words) -> str:
    return f"needs one or more{_such_as(location)}"


MAPPING_TYPES = ("model_type", "dict_type", "mapping_type", "model_attributes_type")
NUMBER_TYPES = ("decimal_parsing", "decimal_type", "float_parsing", "float_type", "finite_number")

REASONS: dict[str, Reason] = {
    **dict.fromkeys(MAPPING_TYPES, _mapping),
    **dict.fromkeys(NUMBER_TYPES, _number),
    **dict.fromkeys(("list_type", "is_instance_of", "tuple_type"), _list),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), _expects("a whole number")),
    **dict.fromkeys(("bool_parsing", "bool_type"), _expects("true or false")),
    **dict.fromkeys(("literal_error", "enum"), _one_of),
    **dict.fromkeys(("too_short", "string_too_short"), _too_few),
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "scalar": _expects("text, a number, or true or false"),
    "greater_than": _limit("more than {}", "gt"),
    "greater_than_equal": _limit("{} or more", "ge"),
    "less_than": _limit("less than {}", "lt"),
    "less_than_equal": _limit("{} or less", "le"),
    "invalid_key": lambda value, *_: f"a name must be text: quote {_shown(value)}",
}


def _path(parts: Sequence[str]) -> Iterator[str]:
    if parts:
        yield f"`{'.'.join(parts)}`"


def _called(node: Any, place: int) -> str:
    """The name of an entry of a list, or its number."""
    name = (node.get("name") or node.get("target")) if isinstance(node, Mapping) else None
    return _short(str(name)) if isinstance(name, str) else f"number {place + 1}"


def _child(node: Any, part: int | str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    return node[part] if isinstance(node, list) and isinstance(part, int) and part < len(node) else None


def _such_as(location: Location) -> str:
    name = next((part for part in reversed(location) if isinstance(part, str)), "")
    return f", such as `{EXAMPLES[name]}`" if name in EXAMPLES else ""


def _shown(value: Any) -> str:
    """What was found, short."""
    if isinstance(value, Mapping):
        return "names with values" if value else "nothing"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return _short(value.isoformat() if isinstance(value, date | datetime) else str(value))


def _short(text: str) -> str:
    line = TOKEN.sub("mflow_…", " ".join(text.split()))
    return line if len(line) <= MOST_SHOWN else f"{line[: MOST_SHOWN - 1]}…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _likely(name: str, known: Sequence[str]) -> str:
    return nearest(name, known).removeprefix(": did you mean ").removesuffix("?")


def _path_to(name: str, models: Sequence[type[BaseModel]], options: type[BaseModel] | None) -> list[str]:
    """The way down from these models to a field of that name, without lists; [""] where it is theirs."""
    if any(name in _fields(model) for model in models):
        return [""]
    for model in models:
        for field, annotation in _fields(model).items():
            if _is_collection(annotation):
                continue
            below = [options] if field == "options" and options else _models_in(annotation)
            if path := _path_to(name, below, None):
                return [str(field), *(part for part in path if part)]
    return []


def _is_collection(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(_is_collection(each) for each in get_args(annotation))
    return get_origin(annotation) in (list, dict, Sequence)


def _fields(model: type[BaseModel]) -> dict[int | str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models inside `X | Y | None`, `list[X]` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated, list, dict):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []


def _at(error: Any) -> list[Location]:
    """Where it is wrong: an error of the whole may name several places."""
    found: list[Location] = error.get("ctx", {}).get("at") or [error["loc"]]
    return found
