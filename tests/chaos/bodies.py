"""Webhook bodies that are malformed by construction, made from real ones, the same for the same seed."""

import copy
import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Path = tuple[str, ...]

TEXTS: list[Path] = [
    ("type",),
    ("date",),
    ("movement_type",),
    ("account_currency",),
    ("customer", "uuid"),
]
AMOUNT: Path = ("mrr_movement_in_account_currency",)
CUSTOMER: Path = ("customer",)
REQUIRED = [*TEXTS, AMOUNT, CUSTOMER]

DATES = [
    "", " ", "now", "\x00", "20 May 2026", "1779260538", "2026-05-20", "2026-05-20T07:02:18",
    "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-05-20T24:00:01Z", "2026-05-20T07:02:60Z",
    "2026-05-20T07:02:18+24:00", "2026-05-20T07:02:18+99:99", "2026-05-20T07:02:18 Europe/Berlin",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "1989-12-31T23:59:59Z", "2201-01-01T00:00:00Z",
    "9999-12-31T23:59:59-05:00", "+002026-05-20T07:02:18Z", "-2026-05-20T07:02:18Z",
    "٢٠٢٦-05-20T07:02:18Z", "２０２６-０５-２０T07:02:18Z",
]  # fmt: skip
NUMBERS = [
    "1e400", "-1e400", "1e309", "1e16", "9" * 17, "-" + "9" * 400, "9" * 5000, "1" * 100_000,
    "0." + "9" * 30 + "e40",
]  # fmt: skip
NO_NUMBERS = [
    "NaN", "Infinity", "-Infinity", "nan", "0x1324", "4_900", "+4900", "04900", "4900.", ".5", "1e", "--1",
    "٤٩٠٠", "４９００", "४९००", "½", "−4900",
]  # fmt: skip
FORMS = [
    b"name=acme&type=mrr_movement", b"<?xml version='1.0'?><movement/>", b"<html><body>502</body></html>",
    b"null", b"true", b"42", b'"mrr_movement"', b"[]", b"{}", b"[{}]", b"undefined", b"", b" \n\t",
    b"\x00", b"\xff\xfe", b"%PDF-1.7", b"{" * 9000,
]  # fmt: skip
TEN_MEGABYTES = b" " * 10_000_000


@dataclass(frozen=True)
class Body:
    kind: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


Make = Callable[[random.Random, Json], bytes]


def malformed(seed: int, count: int) -> Iterator[Body]:
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.choice(KINDS)
        content = kind(chance, chance.choice(REAL))
        yield Body(kind.__name__, content, HEADERS.get(kind.__name__, {}))


def _movement(kind: str, cents: int, description: str, **customer: Any) -> Json:
    return {
        "date": "2026-05-20T07:02:18.000Z",
        "type": "mrr_movement",
        "customer": {
            "name": "Nora Lind",
            "uuid": "cus_0d1f6a52-16d0-4c1b-9a39-6a7f0a9d3e11",
            "email": "nora@fjord.example",
            "status": "active",
            "company": "Fjord Labs",
            "currency": "USD",
            "current_arr": 58800,
            "current_mrr": 4900,
            "external_id": "cus_N1001",
            "external_ids": ["cus_N1001"],
            "currency_symbol": "$",
            "data_source_uuid": "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44",
        }
        | customer,
        "description": description,
        "subscription": {"external_id": "sub_A77"},
        "movement_type": kind,
        "account_currency": "USD",
        "invoice_currency": "USD",
        "account_currency_symbol": "$",
        "invoice_currency_symbol": "$",
        "movement_amount_in_cent": cents,
        "mrr_movement_in_account_currency": cents,
        "mrr_movement_in_invoice_currency": cents,
    }


REAL = [
    _movement("new_biz", 4900, "purchased the Team Monthly plan"),
    _movement("expansion", 4600, "switched plan from Basic to Pro", name="Ivo Marek", company=""),
    _movement("contraction", -5000, "switched plan from Business to Team", company="Oak & Pine"),
    _movement(
        "churn", -4900, "cancelled their Team Monthly plan", status="cancelled", company="Zoë’s Bäckerei"
    ),
    _movement("reactivation", 4000, "reactivated an old account with Team Annual plan"),
]


def _text(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False)


def _bytes(body: Json) -> bytes:
    return _text(body).encode()


def _changed(body: Json, path: Path, value: Any) -> Json:
    changed = copy.deepcopy(body)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


def _with_raw(body: Json, path: Path, raw: str) -> bytes:
    """`raw` as it stands, also where it is no JSON."""
    return _text(_changed(body, path, "@here@")).replace('"@here@"', raw).encode()


def truncated(chance: random.Random, body: Json) -> bytes:
    whole = _bytes(body)
    return whole[: chance.randrange(len(whole))]


def goes_on(chance: random.Random, body: Json) -> bytes:
    return _bytes(body) + chance.choice([b"}", b",", b"x", b"\x00", b"//", _bytes(body), b"\n{}"])


def wrong_type(chance: random.Random, body: Json) -> bytes:
    path = chance.choice(REQUIRED)
    values: dict[Path, list[Any]] = {
        AMOUNT: [None, True, "4900", "", [], {}, [4900], {"cents": 4900}],
        CUSTOMER: [None, True, 7, "cus_1", [], [{}], {}],
    }
    return _bytes(_changed(body, path, chance.choice(values.get(path, [None, True, 7, -1.5, [], {}, ["x"]]))))


def missing_field(chance: random.Random, body: Json) -> bytes:
    path = chance.choice(REQUIRED)
    return _with_raw(body, path, "@").replace(b'"%b": @' % path[-1].encode(), b'"gone": 0')


def deep_nesting(chance: random.Random, body: Json) -> bytes:
    depth = chance.choice([100, 250, 1000, 20_000])
    start, end = chance.choice([("[", "]"), ('{"a":', "}")])
    inner = "" if start == "[" else "1"
    return _with_raw(body, chance.choice(REQUIRED), start * depth + inner + end * depth)


def huge_number(chance: random.Random, body: Json) -> bytes:
    return _with_raw(body, AMOUNT, chance.choice(NUMBERS))


def no_number(chance: random.Random, body: Json) -> bytes:
    return _with_raw(body, AMOUNT, chance.choice(NO_NUMBERS))


def bad_utf8(chance: random.Random, body: Json) -> bytes:
    whole = _bytes(body)
    at = chance.randrange(len(whole))
    return (
        whole[:at] + chance.choice([b"\xff", b"\xc0\xaf", b"\x80", b"\xed\xa0\x80", b"\xf8\x88"]) + whole[at:]
    )


def duplicate_key(chance: random.Random, body: Json) -> bytes:
    """The last one counts, and is wrong."""
    name = chance.choice([path[0] for path in REQUIRED])
    return _bytes(body)[:-1] + b', "%b": [0]}' % name.encode()


def other_encoding(chance: random.Random, body: Json) -> bytes:
    encoding = chance.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp037", "utf-7"])
    text = _text(_changed(body, ("customer", "name"), "Nora"))
    return b"+ACI-" + text.encode() if encoding == "utf-7" else text.encode(encoding, "replace")


def gzipped(chance: random.Random, body: Json) -> bytes:
    return chance.choice([gzip.compress(_bytes(body), mtime=0), zlib.compress(_bytes(body))])


def other_form(chance: random.Random, _: Json) -> bytes:
    return chance.choice([*FORMS, chance.randbytes(chance.randrange(1, 4000))])


def listed(chance: random.Random, body: Json) -> bytes:
    return json.dumps([body] * chance.randrange(1, 50)).encode()


def control_character(chance: random.Random, body: Json) -> bytes:
    """Unescaped in a text, which JSON forbids."""
    return _with_raw(body, chance.choice(TEXTS), f'"a{chr(chance.randrange(0x20))}b"')


def lone_surrogate(chance: random.Random, body: Json) -> bytes:
    """Where an identity needs the text; in a name it costs one letter."""
    half = rf"\u{chance.randrange(0xD800, 0xE000):04x}"
    return _with_raw(body, chance.choice(TEXTS), f'"{half} "')


def huge_text(chance: random.Random, body: Json) -> bytes:
    length = chance.choice([101, 1000, 60_000])
    return _bytes(_changed(body, chance.choice(TEXTS), chance.choice(["x", "ß", "9", " x"]) * length))


def date_at_an_edge(chance: random.Random, body: Json) -> bytes:
    return _bytes(_changed(body, ("date",), chance.choice(DATES)))


def unknown_word(chance: random.Random, body: Json) -> bytes:
    path = chance.choice([path for path in TEXTS if path != ("date",)])
    words = [
        "",
        "up sell",
        "mrr movement",
        "churn;",
        "€",
        "../../etc/passwd",
        "{{7*7}}",
        "'; DROP TABLE--",
        "\x00",
    ]
    return _bytes(_changed(body, path, chance.choice(words)))


def unknown_syntax(chance: random.Random, body: Json) -> bytes:
    text = _text(body)
    kinds = [text.replace('"', "'"), text[:-1] + ",}", "/* note */" + text, text.replace(":", "=", 1)]
    return chance.choice([*kinds, text.replace(",", ";", 1), text.replace('"type"', "type", 1)]).encode()


def ten_megabytes(chance: random.Random, body: Json) -> bytes:
    return chance.choice([TEN_MEGABYTES, _bytes(body) + TEN_MEGABYTES])


def ten_megabytes_unasked(chance: random.Random, body: Json) -> bytes:
    return ten_megabytes(chance, body)


SMALL: list[Make] = [
    truncated, goes_on, wrong_type, missing_field, deep_nesting, huge_number, no_number, bad_utf8,
    duplicate_key, other_encoding, gzipped, other_form, listed, control_character, lone_surrogate, huge_text,
    date_at_an_edge, unknown_word, unknown_syntax,
]  # fmt: skip
KINDS: list[Make] = [*SMALL * 20, ten_megabytes, ten_megabytes_unasked]
"""Bodies of ten megabytes now and then."""

HEADERS = {"gzipped": {"Content-Encoding": "gzip"}, "ten_megabytes": {"Expect": "100-continue"}}
"""Who sends a long body without asking whether it may go on can find the line cut before the answer."""
