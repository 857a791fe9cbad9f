"""Settings that cannot be used, and variables that nobody reads: each by the name of a variable that works.

Values are never shown: one may be a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin
from urllib.request import getproxies

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

from domains.warehouse.settings import ENGINES
from models.spelling import nearest
from models.urls import HOST_AND_PORT, has_host_and_port
from settings import Settings

ACCOUNTS: dict[str, type[BaseModel]] = {
    name.upper(): get_args(field.annotation)[1]
    for name, field in Settings.model_fields.items()
    if get_origin(field.annotation) is dict
}
"""Systems whose variables name an account, and what each account has."""

ENGINE = "WAREHOUSE__ENGINE"

SIMULATED = "MOGULFLOW_SIMULATED"
"""In a file of settings: it is of a stack against simulators, and no other setting counts beside it."""

LONGEST_NAME = 200
"""Letters of a variable that may be one of ours, misspelt."""

TEMPORAL = ("ADDRESS", "NAMESPACE", "API_KEY", "TLS_CLIENT_CERT_PATH", "TLS_CLIENT_KEY_PATH")
"""Read by Temporal's SDK, as they are written here and in no other way."""

OTHER_NAMES = {
    "HUBSPOT_API_KEY": "HUBSPOT__TOKEN", "HUBSPOT_ACCESS_TOKEN": "HUBSPOT__TOKEN",
    "SALESFORCE_URL": "SALESFORCE__INSTANCE_URL", "SALESFORCE_DOMAIN": "SALESFORCE__INSTANCE_URL",
    "SALESFORCE_CONSUMER_KEY": "SALESFORCE__CLIENT_ID",
    "SALESFORCE_CONSUMER_SECRET": "SALESFORCE__CLIENT_SECRET",
    "SLACK_TOKEN": "SLACK__BOT_TOKEN", "SLACK_CHANNEL": "SLACK__OPS_CHANNEL",
    "STRIPE_SECRET_KEY": "STRIPE__DEFAULT__API_KEY",
    "STRIPE_WEBHOOK_SECRET": "STRIPE__DEFAULT__SIGNING_SECRETS",
    "TEMPORAL_HOST": "TEMPORAL_ADDRESS", "TEMPORAL_HOST_URL": "TEMPORAL_ADDRESS",
    "TEMPORAL_HOSTPORT": "TEMPORAL_ADDRESS", "TEMPORAL_SERVER": "TEMPORAL_ADDRESS",
    "TEMPORAL_UI_URL": "WEB_UI_URL",
}  # fmt: skip
"""What other tools, and the vendors' own pages, call them."""

LIKE_ENOUGH = 0.75
NEARLY_THE_SAME = 0.9

PATTERNS = {
    r"^ds_[0-9a-f-]{36}$": "must be the uuid of a data source, ds_ and 36 digits, a to f and -",
    r"^https?://[^\s/]+": "must begin with https:// or http://",
    r"^[A-Za-z][A-Za-z0-9_]*$": "must be an API name: a letter, then letters, digits and _",
    r"^[a-z][a-z0-9_]{0,99}$": "must be an internal name: a small letter, then small letters, digits and _",
    r"^[A-Z]{3}$": "must be the code of a currency, such as USD",
    r"^(v3|20\d\d-\d\d)$": "must be v3, or a version such as 2026-09",
    r"^(\d+(\.\d+){3}|\[[0-9a-fA-F:.]+\]):\d+$": "must be IP and port, such as 127.0.0.1:9464",
    r"^[a-z][a-z0-9_]{0,62}$": "must be a small letter, then small letters, digits and _, at most 63",
    r"^\d{1,20}$": "must be the number of a company, of at most 20 digits",
    r"^[0-9A-Za-z-]{0,64}$": "must be letters, digits and -, as in the uuid of an organisation",
    r"^(default|arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+)$": "must be the role's ARN, or `default`",
}

WHAT_IS_EXPECTED = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
}

LIMITS = {
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
}


@dataclass(frozen=True)
class Variable:
    """`path` is where its value goes; of an account's the middle is its name, here DEFAULT."""

    name: str
    path: tuple[str, ...]
    field: FieldInfo
    engine: str = ""


@cache
def variables() -> tuple[Variable, ...]:
    """All there are, in the order of .env.example."""
    return tuple(_variables())


def _variables() -> Iterator[Variable]:
    for name, field in Settings.model_fields.items():
        if name.upper() in ACCOUNTS:
            yield from _of_model(ACCOUNTS[name.upper()], (name, "default"))
        elif name == "warehouse":
            for engine, model in ENGINES.items():
                yield from _of_model(model, (name,), engine)
        elif system := _model_in(field.annotation):
            yield from _of_model(system, (name,))
        else:
            yield Variable(name.upper(), (name,), field)


def _of_model(model: type[BaseModel], path: tuple[str, ...], engine: str = "") -> Iterator[Variable]:
    for name, field in model.model_fields.items():
        whole = (*path, name)
        yield Variable("__".join(whole).upper(), whole, field, engine)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Of `Model | None`, or of the model alone."""
    found = [
        each
        for each in (annotation, *get_args(annotation))
        if isinstance(each, type) and issubclass(each, BaseModel)
    ]
    return found[0] if len(found) == 1 else None


def problems(error: ValidationError) -> list[str]:
    """One sentence for each setting that cannot be used, by its variable."""
    return [_problem(each) for each in error.errors(include_input=False, include_url=False)]


def unreadable(error: SettingsError) -> str:
    """Where a system's name alone is set, which pydantic takes for all of it as JSON."""
    found = re.search(r'field "(\w+)"', str(error))
    return _one_value(found[1].upper() if found else "A variable")


def unusable_proxies() -> list[str]:
    """Each library would end with an error of its own, some of them before anything is called."""
    found = ((scheme, getproxies().get(scheme)) for scheme in ("http", "https", "all"))
    bad = [scheme for scheme, proxy in found if proxy and not has_host_and_port(_with_scheme(proxy))]
    return [f"{scheme.upper()}_PROXY: {HOST_AND_PORT}" for scheme in bad]


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _one_value(name: str) -> str:
    examples = [each.name for each in variables() if each.name.startswith(f"{name}__")]
    return (
        f"{name} cannot be used: each variable sets one value, such as {examples[0] if examples else ENGINE}"
    )


def _problem(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    location = [str(part) for part in error["loc"] if not isinstance(part, int)]
    if location[:1] == ["warehouse"] and len(location) > 1 and location[1] in ENGINES:
        location.pop(1)  # the engine, by which pydantic tells its models apart
    name = "__".join(location).upper()
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _engine(kind)
    if kind.endswith("_type") and len(location) == 2 and location[0].upper() in ACCOUNTS:
        return _no_account(location[0].upper(), location[1])
    if kind.endswith("_type") and name in _prefixes():
        return _one_value(name)
    if kind == "missing":
        return f"{name} is not set: {_described(name)}"
    text = _expected(kind, context) or str(error["msg"]).removeprefix("Value error, ")
    return text if name in ("", "WAREHOUSE") else f"{name}: {text}"  # such texts name variables themselves


def _engine(kind: str) -> str:
    known = ", ".join(ENGINES)
    said = (
        "is not set, and other variables of the warehouse are"
        if kind == "union_tag_not_found"
        else "is not known"
    )
    return f"{ENGINE} {said}: name one of {known}"


def _no_account(system: str, part: str) -> str:
    name = f"{system}__{part.upper()}"
    if part in ACCOUNTS[system].model_fields:
        return f"{name} lacks the account's name: set {system}__DEFAULT__{part.upper()}"
    needed = [field for field, of_it in ACCOUNTS[system].model_fields.items() if of_it.is_required()]
    first = "api_key" if "api_key" in needed else needed[0]
    return f"{name} is an account, and no value: set {name}__{first.upper()}"


def _expected(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], "")
    if kind in LIMITS:
        return LIMITS[kind].format(**context)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"must be one of {', '.join(known)}"
    return WHAT_IS_EXPECTED.get(kind, "")


def _described(name: str) -> str:
    system, _, rest = name.partition("__")
    plain = f"{system}__DEFAULT__{rest.partition('__')[2]}" if system in ACCOUNTS else name
    return next((str(each.field.description) for each in variables() if each.name == plain), "it is needed")


def near_misses(environment: Mapping[str, str]) -> list[str]:
    """Variables that somebody meant for us and nothing reads, in words."""
    names = [name for name, value in environment.items() if value]
    given = {name.upper() for name in names if name.upper() not in _temporal()} | set(names)
    engine = next((value for name, value in environment.items() if name.upper() == ENGINE), "duckdb")
    found = (_near_miss(name, given, engine) for name in sorted(names) if len(name) <= LONGEST_NAME)
    return [each for each in found if each]


def _near_miss(name: str, given: set[str], engine: str) -> str:
    upper = name.upper()
    if name in _temporal():
        return ""
    if _is_read(upper):
        return _of_another_engine(name, engine)
    right = _meant(upper)
    if right:
        counts = f"{right} counts" if right in given else f"did you mean {right}?"
        return "" if right == name else f"{name} is set, and nothing reads it: {counts}"
    if re.match(rf"({'|'.join(_prefixes())})__", upper):
        return f"{name} is set, and nothing reads it: .env.example has all there are"
    return ""


def _temporal() -> list[str]:
    return [f"TEMPORAL_{each}" for each in TEMPORAL]


def _is_read(upper: str) -> bool:
    system, _, rest = upper.partition("__")
    if system in ACCOUNTS:
        account, _, field = rest.partition("__")
        return bool(account) and field.lower() in ACCOUNTS[system].model_fields
    return any(each.name == upper for each in variables())


def _of_another_engine(name: str, engine: str) -> str:
    engines = [each.engine for each in variables() if each.name == name.upper() and each.engine]
    if not engines or engine in engines or engine not in ENGINES:
        return ""
    return f"{name} is set, and nothing reads it: it is of {' or '.join(engines)}, and {ENGINE} says {engine}"


def _meant(upper: str) -> str:
    """The variable that somebody may have meant; none where the name is another tool's."""
    if upper in OTHER_NAMES:
        return OTHER_NAMES[upper]
    own = upper.removeprefix("MOGULFLOW_")
    if own != upper and _is_read(own):
        return own
    for spelling in (own, re.sub(rf"^WAREHOUSE_+({'|'.join(ENGINES)})_+", "WAREHOUSE__", own, flags=re.I)):
        if right := _account_variable(spelling) or _by_letters(spelling):
            return right
    return _like(own)


def _account_variable(upper: str) -> str:
    """`CHARTMOGUL_EUROPE_API_KEY`, `CHARTMOGUL_API_KEY`, and `CHARTMOGUL__API__KEY` as it is read."""
    system = next((each for each in ACCOUNTS if upper.startswith(each)), None)
    if system is None:
        return ""
    single = "_".join(filter(None, upper.split("_")))  # runs of underscores could be read in many ways
    rest = single.removeprefix(system)
    for field in ACCOUNTS[system].model_fields:
        letters = "_?".join(field.upper().split("_"))
        if match := re.fullmatch(rf"(?:_(?P<account>\w+?)_|_?){letters}", rest):
            return f"{system}__{match['account'] or 'DEFAULT'}__{field.upper()}"
    return ""


def _by_letters(upper: str) -> str:
    """The same letters, with other underscores."""
    return _known_by_letters().get(_letters(upper), "")


@cache
def _known_by_letters() -> Mapping[str, str]:
    """The first that is spelt so."""
    known = [each.name for each in variables()] + _temporal()
    return {_letters(each): each for each in reversed(known)}


@cache
def _like(upper: str) -> str:
    prefix = next((each for each in _prefixes() if upper.startswith(f"{each}_")), "")
    known = [each.name for each in variables() if not prefix or each.name.startswith(f"{prefix}__")]
    likeness = LIKE_ENOUGH if prefix else NEARLY_THE_SAME
    spelt = {_letters(each): each for each in known}
    found = nearest(_letters(upper), spelt, likeness).removeprefix(": did you mean ").removesuffix("?")
    return spelt.get(found, "")


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


@cache
def _prefixes() -> Sequence[str]:
    """Of the systems: what begins so is ours, or is near it."""
    return sorted({each.name.partition("__")[0] for each in variables() if "__" in each.name})
