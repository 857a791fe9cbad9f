"""The request that an operation makes of an event, facts and earlier answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from models.connectors import Body, Connector, Operation
from models.expressions import BadExpression, Missing, fill_in, fill_in_path

MOST_BODY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """Ready to be sent, but for the credential. `left_out` names fields that had no value."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    sent: Any = None
    """The body before it was encoded, for the effect."""
    left_out: tuple[str, ...] = ()


@dataclass
class _Filling:
    values: Mapping[str, Any]
    left_out: list[str] = field(default_factory=list)

    def all_of(self, given: Any, place: str) -> Any:
        """The same with its texts filled in, at any depth. Where one names what is not there, the field that
        it stands in is left out. Raises BadExpression, and Missing where it stands in no field."""
        if isinstance(given, str):
            return fill_in(given, self.values)
        if isinstance(given, dict):
            return dict(self._fields(given.items(), place))
        if isinstance(given, list):
            return [value for _, value in self._fields(enumerate(given), place)]
        return given

    def _fields(self, given: Any, place: str) -> Iterator[tuple[Any, Any]]:
        for name, each in given:
            where = f"{place}.{name}".strip(".")
            try:
                yield name, self.all_of(each, where)
            except Missing as missing:
                self.left_out.append(f"{where} ({missing})")


def request_for(
    call: Call, connector: Connector, operation: Operation, values: Mapping[str, Any], key: str = ""
) -> Request:
    """Raises Rejected where it cannot be made: its address needs what is not there, say."""
    filling = _Filling({**values, "key": key})
    try:
        path = fill_in_path(operation.path, filling.values)
        query = filling.all_of(operation.query, "query")
        headers = filling.all_of({**connector.headers, **operation.headers}, "headers")
        content, content_type, sent = _body(operation.body, filling, operation.once.field, key)
    except (BadExpression, Missing) as error:
        raise refused(call, Rejected, f"its request cannot be made: {error}", _ADVICE) from None
    if content is not None and len(content) > MOST_BODY_BYTES:
        raise refused(call, Rejected, f"its body has {len(content):,} bytes", _ADVICE)
    if operation.once.header and key:
        headers[operation.once.header] = key
    if content_type and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = content_type
    return Request(
        operation.method,
        address(connector.base_url, path, query),
        {name: _header(value) for name, value in headers.items()},
        content,
        sent,
        tuple(filling.left_out),
    )


_ADVICE = "Look at the connector's file, and try it with `mogulflow connector try`."


def address(base_url: str, path: str, query: Mapping[str, Any]) -> str:
    """Of the base's own host, whatever the path says."""
    words = urlencode(list(_pairs(query)))
    joined = base_url.rstrip("/") + path
    assert urlsplit(joined).netloc == urlsplit(base_url).netloc  # values in a path are quoted
    return with_query(joined, words) if words else joined


def with_query(url: str, words: str) -> str:
    """`words` are encoded."""
    return f"{url}{'&' if '?' in url else '?'}{words}"


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A list is given by repeating its name."""
    for name, value in query.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield name, plain(each)


def nested(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Pairs of a form: `items[0][price]`."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from nested(f"{name}[{key}]", each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from nested(f"{name}[{number}]", each)
    elif value is not None:
        yield name, plain(value)


def plain(value: Any) -> str:
    """As addresses and forms write it."""
    return json.dumps(value) if isinstance(value, bool | dict | list) else str(value)


def _header(value: Any) -> str:
    """On one line: a line break would begin another header."""
    return " ".join(plain(value).split())


def _body(
    body: Body | None, filling: _Filling, key_field: str | None, key: str
) -> tuple[bytes | None, str | None, Any]:
    """The bytes, their content type, and what they were made of."""
    if body is None:
        return None, None, None
    if body.text is not None:
        text = str(filling.all_of(body.text, "body"))
        return text.encode(), body.content_type or "text/plain; charset=utf-8", text
    given = body.form if body.form is not None else body.json_value
    filled = filling.all_of(given, "")
    if key_field and key and isinstance(filled, dict):
        filled = {**filled, key_field: key}
    if body.form is not None:
        pairs = [pair for name, value in filled.items() for pair in nested(name, value)]
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded", filled
    return json.dumps(filled, ensure_ascii=False).encode(), "application/json", filled
