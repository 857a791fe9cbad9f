"""What a connector's file may compute: texts with `{{ … }}` in them, by Jinja's sandbox, and places in an
answer, by JMESPath. Both are checked when the file is read, and neither can run for long: there are no
statements, no calls and no loops.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Annotated, Any
from urllib.parse import quote

import jmespath
from jinja2 import StrictUndefined, TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator

LONGEST_RESULT = 64 * 1024
"""Characters of one text that was filled in."""

LONGEST_EXPRESSION = 4_096

FILTERS = {
    "capitalize", "default", "first", "int", "join", "last", "length", "lower", "round", "string", "title",
    "tojson", "trim", "truncate", "upper", "urlencode",
}  # fmt: skip

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Filter, nodes.Keyword, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Concat, nodes.Add, nodes.Sub, nodes.Neg, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip
"""Without products and powers: of texts and of numbers they grow beyond any bound."""


class BadExpression(ValueError):
    """It is none, or holds what it may not. The message quotes the file's own text."""


class Missing(Exception):
    """What the text names is not there: `name`, as it stands in the file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}")
        self.name = name


class _Environment(ImmutableSandboxedEnvironment):
    """Values are JSON: what is behind a dot is a key, and no attribute of Python's."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj  # what is missing is what comes first
        try:
            if isinstance(obj, Mapping) or (isinstance(obj, list) and isinstance(argument, int)):
                return obj[argument]
        except LookupError:
            pass
        return self.undefined(obj=obj, name=argument)


def _made(**more: Any) -> _Environment:
    made = _Environment(undefined=StrictUndefined, autoescape=False, **more)
    made.filters = {name: each for name, each in made.filters.items() if name in FILTERS}
    made.globals, made.tests = {}, {}
    return made


_environment = _made()
_of_paths = _made(
    finalize=lambda value: value if isinstance(value, Undefined) else quote(str(value), safe="")
)


def fill_in(text: str, values: Mapping[str, Any]) -> Any:
    """The text with what it names; where it is one expression alone, that one's value as it is: a number is
    no text. Raises Missing, and BadExpression for what cannot be computed from these values."""
    return _computed(text, lambda: _value(text, values))


def fill_in_path(text: str, values: Mapping[str, Any]) -> str:
    """Part of an address: each value is quoted, and is one segment or a part of one. Raises as `fill_in`."""
    path = str(_computed(text, lambda: _of_paths.from_string(text).render(**values)))
    if any(segment in (".", "..") for segment in path.split("/")):
        raise BadExpression(f"{_short(text)} leads out of its place: a value is `..`")
    return path


Path = tuple[str, ...]
"""Keys, one within the other: `("event", "customer_uuid")`."""


def named_in(texts: Any) -> set[Path]:
    """What the texts name, in JSON of any depth. Of a list it is the whole list."""
    if isinstance(texts, str):
        return set(_paths(_parsed(texts)))
    if isinstance(texts, dict | list):
        inner = texts.values() if isinstance(texts, dict) else texts
        return set().union(*(named_in(each) for each in inner))
    return set()


def picked(values: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """Only what the paths lead to, so far as it is there."""
    found: dict[str, Any] = {}
    whole: set[Path] = set()
    for path in sorted(paths, key=len):
        if any(path[: len(each)] == each for each in whole):
            continue
        whole.add(path)
        value: Any = values
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            place = found
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = value
    return found


def _paths(node: nodes.Node) -> Iterator[Path]:
    if not (path := _path(node)):
        for child in node.iter_child_nodes():
            yield from _paths(child)
        return
    yield tuple(takewhile(lambda key: isinstance(key, str), path))
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem):
            yield from _paths(node.arg)
        node = node.node


def _path(node: nodes.Node) -> list[Any]:
    """Empty where it is no name; a key that is computed is None."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not (ahead := _path(node.node)):
        return []
    if isinstance(node, nodes.Getattr):
        return [*ahead, node.attr]
    return [*ahead, node.arg.value if isinstance(node.arg, nodes.Const) else None]


def _computed(text: str, compute: Callable[[], Any]) -> Any:
    try:
        value = compute()
    except TemplateError as error:
        raise _missing(error) from None
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise BadExpression(f"{_short(text)} cannot be computed: {type(error).__name__}") from None
    if isinstance(value, str) and len(value) > LONGEST_RESULT:
        raise BadExpression(f"{_short(text)} gives more than {LONGEST_RESULT:,} characters")
    return value


def _value(text: str, values: Mapping[str, Any]) -> Any:
    if expression := _alone(text):
        value = _environment.compile_expression(expression, undefined_to_none=False)(**values)
        if isinstance(value, Undefined):
            str(value)  # raises what a text would have
        return value
    return _environment.from_string(text).render(**values)


def _missing(error: TemplateError) -> Missing | BadExpression:
    """Jinja says `'dict object' has no attribute 'plan'`, or `'plan' is undefined`."""
    said = str(error.message or "")
    quoted = said.split("'")[1::2]
    if quoted and ("undefined" in said or "has no" in said):
        return Missing(quoted[-1] if "has no" in said else quoted[0])
    return BadExpression(said)


@lru_cache(maxsize=4_096)
def _alone(text: str) -> str | None:
    """The expression, where the text is nothing but one."""
    outputs = _parsed(text).body
    parts = outputs[0].nodes if len(outputs) == 1 and isinstance(outputs[0], nodes.Output) else []
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData):
        return None
    return text.strip()[2:-2].strip("-+ \n\t")


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> nodes.Template:
    """Raises BadExpression."""
    if len(text) > LONGEST_RESULT:
        raise BadExpression(f"it has more than {LONGEST_RESULT:,} characters")
    try:
        tree = _environment.parse(text)
    except TemplateError as error:
        raise BadExpression(f"{_short(text)}: {error.message}") from None
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise BadExpression(
                f"{_short(text)} has a {type(node).__name__.lower()}; only values, filters and "
                "`x if y else z` are allowed"
            )
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise BadExpression(
                f"{_short(text)} has the filter {node.name}; there are {', '.join(sorted(FILTERS))}"
            )
    return tree


def _checked_text(text: str) -> str:
    _parsed(text)
    return text


def _checked_place(text: str) -> str:
    if len(text) > LONGEST_EXPRESSION:
        raise ValueError(f"it has more than {LONGEST_EXPRESSION:,} characters")
    try:
        jmespath.compile(text)
    except (JMESPathError, RecursionError) as error:
        first = (str(error).splitlines() or ["nested too deeply"])[0]
        raise ValueError(f"{_short(text)} is no JMESPath expression: {first}") from None
    return text


Text = Annotated[str, AfterValidator(_checked_text)]
"""May hold `{{ event.customer_uuid }}` and its like."""


def _checked_texts(value: Any) -> Any:
    if isinstance(value, str):
        return _checked_text(value)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _checked_texts(each)
    return value


Texts = Annotated[Any, AfterValidator(_checked_texts)]
"""JSON, with such texts at any depth."""

Place = Annotated[str, AfterValidator(_checked_place)]
"""Where something stands in an answer, in JMESPath: `data.id`."""


def found(place: str, answer: Any) -> Any:
    """What stands there; None where nothing does, or it cannot be asked of this answer."""
    try:
        return jmespath.search(place, answer)
    except (JMESPathError, RecursionError, TypeError, ValueError):
        return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"`{line}`" if len(line) <= 60 else f"`{line[:59]}…`"
