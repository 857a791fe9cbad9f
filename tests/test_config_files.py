# ruff: noqa: E501  a row of a table is a line
"""Broken files of configuration: file, line, and words that say what to write instead."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from configuration.files import BadConfig, load
from configuration.words import EXAMPLES, PATTERNS
from local.stack import EXAMPLE_CONFIG
from models.agents import Agents
from models.connectors import Connector
from models.crm import CrmMapping
from models.reconciliation.rules import ReconciliationRules
from models.routes import Routes
from models.warehouse import Mapping

pytestmark = pytest.mark.slow

ROUTES = """\
routes:
  - name: big
    template: churn_save
    when:
      movements: [churn]
      minimum_mrr: 100
    options:
      channel: "#big"
"""
CRM = (EXAMPLE_CONFIG / "crm.yaml").read_text(encoding="utf-8")
WAREHOUSE = (EXAMPLE_CONFIG / "warehouse.yaml").read_text(encoding="utf-8")

CHANNEL = 'channel: "#big"'
OPTIONS = f"options:\n      {CHANNEL}"
WHEN = "when:\n      movements: [churn]\n      minimum_mrr: 100"
TASK = f"{CHANNEL}\n      task: "
FITS_NOT = "which fits no line above it. Names that belong together begin in one column"

BROKEN_YAML = [
    ("    template", "\ttemplate", "3: the line is indented with a tab: YAML takes spaces alone"),
    ("      channel", "\t\tchannel", "8: the line is indented with a tab"),
    ("  - name", "\t- name", "2: the line is indented with a tab"),
    ("name: big", "name:\tbig", "2: the line has a tab before the value"),
    ("    template", "\u00a0\u00a0  template", "3: the line is indented with a character that only looks like a space"),
    ("    template", "     template", "3: the line is indented deeper than the one above it, which has a value"),
    ("  - name", "  name", "3: the line is indented deeper than the one above it, which has a value"),
    ("    template", "   template", f"3: the line is indented by 3 spaces, {FITS_NOT}"),
    ("    template", " template", f"3: the line is indented by 1 space, {FITS_NOT}"),
    ("    when", "  when", f"4: the line is indented by 2 spaces, {FITS_NOT}"),
    ("      minimum", "     minimum", f"6: the line is indented by 5 spaces, {FITS_NOT}"),
    ("      minimum", "       minimum", f"6: the line is indented by 7 spaces, {FITS_NOT}"),
    ("template: churn", "template churn", "3: `template churn_save` has no colon: write `name: value`"),
    ("template: churn", "template:churn", "3: needs a space behind the colon: `template: churn_save`"),
    ("movements: [churn]", "movements:\n      -churn", "6: `-churn` needs a space behind the dash: `- churn`"),
    ("name: big", "name: big: one", '2: the value has a colon in it: quote it, name: "big: one"'),
    ('"#big"', '"#big', "8: the quote that begins here is not closed"),
    ('"#big"', "'#big", "8: the quote that begins here is not closed"),
    ('"#big"', '"a\\d"', "8: \\ begins an escape in double quotes: use single quotes"),
    ('"#big"', '"#big" x', "8: something follows a value that was complete: quote it"),
    ("[churn]", "[churn],", "5: something follows a value that was complete"),
    ("[churn]", "[churn", "5: the list or mapping that begins here is not closed: `]` is missing"),
    (CHANNEL, TASK + "{priority: High", "9: the list or mapping that begins here is not closed: `}` is missing"),
    ('"#big"', "[#big]", "8: `#` begins a comment, so that the list or mapping is not closed"),
    (CHANNEL, TASK + "\n        subject: {customer} left", '10: something follows a value that was complete: quote it'),
    (
        CHANNEL, TASK + "\n        subject: {customer}: {mrr}",
        '10: the value has a colon in it: quote it, subject: "{customer}: {mrr}"',
    ),
    ('"#big"', "*big*", '8: a value must not begin with *: quote it, channel: "*big*"'),
    ('"#big"', "@saves", '8: a value must not begin with @: quote it, channel: "@saves"'),
    ('"#big"', "%saves", '8: a value must not begin with %: quote it, channel: "%saves"'),
    ('"#big"', "`saves`", '8: a value must not begin with `: quote it, channel: "`saves`"'),
    ('"#big"', "? saves", '8: a value must not begin with ?: quote it, channel: "? saves"'),
    ('"#big"', "| saves", '8: | and > begin a text of several lines: quote it, channel: "| saves"'),
    ('"#big"', "> saves", "8: | and > begin a text of several lines"),
    ("    when", "    name: two\n    when", "4: `name` stands twice in one place: keep one of them"),
    ("    when", "    <<: 5\n    when", "4: `<<` takes a mapping that was named before"),
    (CHANNEL + "\n", CHANNEL + "\n---\nroutes: []\n", "9: `---` begins a second document: a file holds one"),
]  # fmt: skip

PLACE = "route big, `options.channel`: "
BROKEN_ROUTES = [
    ('"#big"', "#big", f'8: {PLACE}# begins a comment: quote it, channel: "#big"'),
    ('"#big"', "&big", f"8: {PLACE}& begins a name of YAML's: quote it, channel: \"&big\""),
    ('"#big"', "!big", f"8: {PLACE}! begins a tag of YAML's: quote it, channel: \"!big\""),
    ("minimum_mrr: 100", "accounts: !eu", "6: route big, `when.accounts`: ! begins a tag of YAML's: quote it"),
    ("[churn]", "\n        - #churn", '6: route big, `when.movements`: # begins a comment: quote it, "#churn"'),
    ('"#big"', "true", f'8: {PLACE}expects text, and YAML takes true for true or false: quote it, channel: "true"'),
    ('"#big"', "123", f'8: {PLACE}expects text, and YAML takes 123 for a number: quote it, channel: "123"'),
    ('"#big"', "1.5", f'8: {PLACE}expects text, and YAML takes 1.5 for a number: quote it, channel: "1.5"'),
    ('"#big"', "", f'8: {PLACE}has no value, such as `"#revenue-saves"`'),
    ('"#big"', "~", f"8: {PLACE}has no value"),
    ('"#big"', '""', f"8: {PLACE}needs one or more"),
    ('"#big"', '["#big"]', f'8: {PLACE}expects text, such as `"#revenue-saves"`; found a list'),
    ("name: big", "name: 7", '2: route number 1, `name`: expects text, and YAML takes 7 for a number: quote it, name: "7"'),
    ("name: big", "name: 2026-11-01", "2: route number 1, `name`: expects text, and YAML takes 2026-11-01 for a date"),
    ("name: big", "name: Big", "2: route Big, `name`: Big cannot be used; it takes small letters, digits and -"),
    ("name: big", "Name: big", "2: route number 1: `Name` is not known: did you mean name?"),
    (WHEN, "when: churn", "4: route big, `when`: expects names with values below it, such as `movements: [churn]`; found churn"),
    (WHEN, "when: [churn]", "4: route big, `when`: expects names with values below it"),
    (WHEN, "when:", "4: route big, `when`: has nothing below it; it needs movements or events"),
    (WHEN, "movements: [churn]", "4: route big: `movements` belongs under `when`, not here"),
    (" [churn]", "\n        -churn", "5: route big, `when.movements`: needs a space behind the dash: `- churn`"),
    ("[churn]", "churn", "5: route big, `when.movements`: expects a list: write [churn]"),
    ("[churn]", "{churn: 1}", "5: route big, `when.movements`: expects a list, such as `[churn]`; found names with values"),
    ("[churn]", "", "5: route big, `when.movements`: has no value, such as `[churn]`"),
    ("[churn]", "[]", "4: route big, `when`: needs `movements` or `events`, such as movements: [churn] or events: [failed_payment]"),
    ("[churn]", "[churn]\n      events: [failed_payment]", "2: route big: churn_save is not for failed_payment; it takes churn"),
    ("[churn]", "[churn]\n      events: [failed_paymnets]", "6: route big, `when.events`: failed_paymnets is not known: did you mean failed_payment?"),
    ("[churn]", "[failed_payments]", "5: route big, `when.movements`: failed_payments is not known here: failed_payment belongs in `events`"),
    ("movements: [churn]", "events: [churn]", "5: route big, `when.events`: churn is not known here: churn belongs in `movements`"),
    ("movements: [churn]", "event: [failed_payment]", "5: route big, `when`: `event` is not known: did you mean events?"),
    ("[churn]", "[chrun]", "5: route big, `when.movements`: chrun is not known: did you mean churn?"),
    ("[churn]", "[cancelled]", "5: route big, `when.movements`: cancelled is not known; expects one of new_biz, expansion"),
    ("[churn]", "[contraction]", "2: route big: churn_save is not for contraction; it takes churn"),
    ("100", "lots", "6: route big, `when.minimum_mrr`: expects a number, such as `500`; found lots"),
    ("100", "1,000", "6: route big, `when.minimum_mrr`: expects a number, digits alone, without currency or separators"),
    ("100", "$500", "6: route big, `when.minimum_mrr`: expects a number, digits alone, without currency or separators"),
    ("100", "-1", "6: route big, `when.minimum_mrr`: must be 0 or more; found -1"),
    ("100", ".nan", "6: route big, `when.minimum_mrr`: expects a number, such as `500`; found nan"),
    ("100", ".inf", "6: route big, `when.minimum_mrr`: expects a number, such as `500`; found inf"),
    ("100", "true", "6: route big, `when.minimum_mrr`: expects a number, such as `500`; found true"),
    ("minimum_mrr: 100", "accounts: eu", "6: route big, `when.accounts`: expects a list: write [eu]"),
    ("minimum_mrr: 100", "accounts: [12]", "6: route big, `when.accounts`: expects text, and YAML takes 12 for a number"),
    ("minimum_mrr", "min_mrr", "6: route big, `when`: `min_mrr` is not known: did you mean minimum_mrr?"),
    ("minimum_mrr", "threshold", "6: route big, `when`: `threshold` is not known here; known are movements, events, minimum_mrr, accounts"),
    ("      minimum_mrr", "    minimum_mrr", "6: route big: `minimum_mrr` belongs under `when`, not here"),
    ("      minimum_mrr: 100", "      scheduled: wait", "6: route big, `when`: `scheduled` belongs to route big itself, not here"),
    (OPTIONS, CHANNEL, "7: route big: `channel` belongs under `options`, not here"),
    (OPTIONS, "options:", "7: route big, `options`: has nothing below it; it needs channel"),
    (OPTIONS, f"options:\n      - {CHANNEL}", "7: route big, `options`: expects names with values below it; found a list"),
    ("    " + OPTIONS, "", "2: route big: `options` is missing"),
    ("    when", "    priority: High\n    when", "4: route big: `priority` belongs under `options.task`, not here"),
    (CHANNEL, CHANNEL + "\n      subject: x", "9: route big, `options`: `subject` belongs under `task`, not here"),
    (CHANNEL, TASK + "{check_back_days: [1]}", "9: route big, `options.task`: `check_back_days` belongs under `options` of route big"),
    (CHANNEL, CHANNEL + "\n      systems: [hubspot]", "9: route big, `options`: `systems` is not known here; known are channel"),
    ("channel", "chanel", "8: route big, `options`: `chanel` is not known: did you mean channel?"),
    (CHANNEL, TASK + "high", "9: route big, `options.task`: expects names with values below it, such as `priority: High`"),
    (CHANNEL, TASK + "{due_in_business_days: 1.5}", "9: route big, `options.task.due_in_business_days`: expects a whole number"),
    (CHANNEL, TASK + "{due_in_business_days: soon}", "9: route big, `options.task.due_in_business_days`: expects a whole number"),
    (CHANNEL, TASK + "{due_in_business_days: 90}", "9: route big, `options.task.due_in_business_days`: must be 60 or less; found 90"),
    (CHANNEL, TASK + "{holidays: Germany}", "9: route big, `options.task.holidays`: 'Germany' is no country"),
    (CHANNEL, TASK + "{fields: {A: [1]}}", "9: route big, `options.task.fields.A`: expects text, a number, or true or false"),
    (CHANNEL, TASK + "{fields: [1]}", "9: route big, `options.task.fields`: expects names with values below it"),
    (CHANNEL, CHANNEL + "\n      check_back_days: 7", "9: route big, `options.check_back_days`: expects a list: write [7]"),
    (CHANNEL, CHANNEL + "\n      check_back_days: [0]", "9: route big, `options.check_back_days`: must be more than 0"),
    ("    when", "    act_within_days: 60\n    when", "4: route big, `act_within_days`: must be 30 or less; found 60"),
    ("    when", "    scheduled: later\n    when", "4: route big, `scheduled`: later is not known; expects one of act, wait"),
    ("    when", "    mode: off\n    when", "4: route big, `mode`: off is not known; expects one of live, preview"),
    ("churn_save", "churn-save", "3: route big, `template`: churn-save is not known: did you mean churn_save?"),
    ("    template: churn_save\n", "", "2: route big: `template` is missing"),
    ("churn_save", "customer_sync", "8: route big, `options`: `channel` is not known here; known are systems"),
    ("  - name", "    name", "1: `routes`: expects a list, such as `- name: churn-save`; found names with values"),
    (ROUTES, "routes:\n  - big\n", "2: route number 1: expects names with values below it"),
    (ROUTES, "routes:\n", "1: `routes`: has nothing below it; it needs name"),
    (ROUTES, "route:\n  - big\n", "1: `route` is not known: did you mean routes?"),
    (ROUTES, "- name: big\n", "1: the file begins with a list: `routes:` is missing above it"),
    (ROUTES, "hello\n", "1: expects names with values below them, `routes:` first; found hello"),
    (ROUTES, "", "1: the file is empty: it begins with `routes:`"),
    (ROUTES, "# nothing\n", "1: the file is empty: it begins with `routes:`"),
    (ROUTES, ROUTES + ROUTES.partition("\n")[2], "9: route names must be unique: big (lines 2, 9)"),
    (ROUTES, "%YAML 1.1\n---\n" + ROUTES.replace('"#big"', "no"),
     f'10: {PLACE}expects text, and YAML takes false for true or false: quote it, channel: "no"'),
]  # fmt: skip

BROKEN_CRM = [
    ("mrr: chartmogul_mrr", "mr: chartmogul_mrr", "15: `hubspot.contacts.fields.mr`: mr is no fact of ours: did you mean mrr?"),
    ("mrr: chartmogul_mrr", "mrr: 5", "15: `hubspot.contacts.fields.mrr`: expects the name of their field, or {to: name, ...}; found 5"),
    ("mrr: chartmogul_mrr", "mrr: #mrr", '15: `hubspot.contacts.fields.mrr`: # begins a comment: quote it, mrr: "#mrr"'),
    ("mrr: chartmogul_mrr", 'mrr: "a b"', "15: `hubspot.contacts.fields.mrr.to`: a b cannot be used; it takes a letter, then letters"),
    ("mrr: chartmogul_mrr", "mrr: {owner: us, to: a}", "15: `hubspot.contacts.fields.mrr.owner`: us is not known; expects one of"),
    ("mrr: chartmogul_mrr", "mrr: {owner: crm}", "15: `hubspot.contacts.fields.mrr`: `to` is missing"),
    ("match: [key, email]", "match: email", "10: `hubspot.contacts.match`: expects a list: write [email]"),
    ("match: [key, email]", "match: [e-mail]", "10: `hubspot.contacts.match`: e-mail is not known: did you mean email?"),
    ("create: never", "create: always", "11: `hubspot.contacts.create`: always is not known; expects one of never, if_not_found"),
    ("fields: &hubspot", "feilds: &hubspot", "13: `hubspot.contacts`: `feilds` is not known: did you mean fields?"),
    ("  companies:", "  deals:", "28: `hubspot`: `deals` is not known here; known are contacts, companies"),
    ("hubspot:\n  contacts:", "contacts:\n  contacts:", "7: `contacts` belongs under `hubspot`, not here"),
    ("{default: 2}", "2", "62: `money.minor_unit_digits`: expects names with values below it, such as `{default: 2}`; found 2"),
    ("{default: 2}", "{default: 9}", "62: `money.minor_unit_digits.default`: must be 4 or less; found 9"),
    ("exchange_rates: {}", "exchange_rates: {eur: 1}", "63: `money.exchange_rates.eur`: eur cannot be used; it takes three capital letters"),
    ("exchange_rates: {}", "exchange_rates: {EUR: much}", "63: `money.exchange_rates.EUR`: expects a number; found much"),
]  # fmt: skip

COLUMN = "table mrr_movements, column movement_uuid"
BROKEN_WAREHOUSE = [
    ("type: text", "type: string", f"17: {COLUMN}, `type`: string is not known; expects one of text, integer"),
    ("stream: customers", "stream: customer", "35: table customers, `stream`: customer is not known: did you mean customers?"),
    ("target: customers", "target: Customers", "36: table Customers, `target`: Customers cannot be used; it takes a small letter"),
    ("required: true", "required: maybe", f"17: {COLUMN}, `required`: expects true or false; found maybe"),
    ("required: true", "requird: true", f"17: {COLUMN}: `requird` is not known: did you mean required?"),
    ("length: 100", "length: long", f"17: {COLUMN}, `length`: expects a whole number; found long"),
    ("from: uuid", "from: 5", f'17: {COLUMN}, `from`: expects text, and YAML takes 5 for a number: quote it, from: "5"'),
    ("from: uuid, ", "", f"17: {COLUMN}: a column has either `from` or `compute`"),
    ("key: [movement_uuid]", "key: movement_uuid", "10: table mrr_movements, `key`: expects a list: write [movement_uuid]"),
    ("mode: window", "mode: windows", "14: table mrr_movements, `read.mode`: windows is not known: did you mean window?"),
    ('channel: "#revops"', "channel: #revops", "5: `#` begins a comment, so that the list or mapping is not closed"),
    (WAREHOUSE, "restated: {}\n", "1: `streams` is missing, such as `- stream: customers`"),
]  # fmt: skip

TABLE = [
    *(("routes.yaml", Routes, ROUTES, *each) for each in (*BROKEN_YAML, *BROKEN_ROUTES)),
    *(("crm.yaml", CrmMapping, CRM, *each) for each in BROKEN_CRM),
    *(("warehouse.yaml", Mapping, WAREHOUSE, *each) for each in BROKEN_WAREHOUSE),
]

OF_A_LIBRARY = re.compile(
    r"instance of|<block|Input should|valid (string|list|dict)|Extra inputs|Field required|\w+\.\d+\."
)


def said(folder: Path, name: str, model: type[BaseModel], text: str) -> str:
    file = folder / name
    file.write_bytes(text.encode())
    with pytest.raises(BadConfig) as refused:
        load(file, model, "Copy it.")
    return str(refused.value).replace(f"{file}:", "")


@pytest.mark.parametrize(
    ("name", "model", "good", "old", "new", "words"), TABLE, ids=[row[-1] for row in TABLE]
)
def test_a_broken_file_is_refused_in_words(
    tmp_path: Path, name: str, model: type[BaseModel], good: str, old: str, new: str, words: str
) -> None:
    assert old in good
    first, *more = said(tmp_path, name, model, good.replace(old, new, 1)).splitlines()
    assert first.startswith(words)
    assert not more
    assert not OF_A_LIBRARY.search(first), first


@pytest.mark.parametrize(
    "text",
    [
        ROUTES.replace("\n", "\r\n"),
        "\ufeff" + ROUTES,
        ROUTES.replace(CHANNEL, TASK + "{holidays: NO}"),  # Norway
        ROUTES.replace("minimum_mrr: 100", "accounts: [no, off, on, y]"),
        ROUTES.replace(CHANNEL, "channel: C0123ABC\n      task: {fields: {A: no, B: true, C: 7, D: 1.5}}"),
        ROUTES.replace("minimum_mrr: 100", 'minimum_mrr: "100.50"'),
    ],
)
def test_what_looks_odd_and_is_right_is_taken(tmp_path: Path, text: str) -> None:
    file = tmp_path / "routes.yaml"
    file.write_bytes(text.encode())
    assert load(file, Routes, "Copy it.").routes[0].name == "big"


def test_each_fault_of_a_file_is_said_in_its_order(tmp_path: Path) -> None:
    text = ROUTES.replace("[churn]", "churn").replace("100", "lots").replace("channel", "chanel")
    lines = said(tmp_path, "routes.yaml", Routes, text).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["5", "6", "8"]


def patterns(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        here = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        return here.union(*(patterns(each) for each in schema.values()))
    return set().union(*(patterns(each) for each in schema)) if isinstance(schema, list) else set()


@pytest.mark.parametrize("model", [Routes, CrmMapping, Mapping, Connector, Agents, ReconciliationRules])
def test_each_pattern_has_words(model: type[BaseModel]) -> None:
    number = re.compile(r"\\d\*\\\.\?")  # pydantic's own, of decimals as text
    assert {each for each in patterns(model.model_json_schema()) if not number.search(each)} <= set(PATTERNS)


def test_the_examples_are_names_of_the_files() -> None:
    schemas = [model.model_json_schema() for model in (Routes, CrmMapping, Mapping)]
    text = str(schemas)
    assert not [name for name in EXAMPLES if f"'{name}'" not in text]


CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3_000))
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 45))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "its aliases"),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(f"a{n}: &a{n} {{b: *a{n - 1}, c: *a{n - 1}}}\n" for n in range(1, 45)),
            "its aliases",
        ),
        (CHAIN, "nested deeper than 50"),
        ("routes: &a {x: *a}\n", ""),
        ("routes: &a [*a]\n", ""),
        ("routes: " + "[" * 60 + "]" * 60, "nested deeper than 50"),
        ("routes: " + "[" * 100_000 + "]" * 100_000, "nested"),
        ("routes: [" + "x, " * 60_000 + "]", "50,000 values"),
        ("# " + "x" * 300_000, "longer than 256 KiB"),
        ("-" * 200_000, ""),
        ("routes: " + "[" * 200 + " #" * 90_000, ""),
        ("x" * 200_000 + ": y: z", ""),
        ("routes: " + "1" * 200_000, ""),
        ("routes: '" + "x" * 200_000 + "'", ""),
    ],
    ids=range(14),
)
def test_file_of_any_size_and_depth_is_refused_in_a_few_words(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load(file, Routes, "")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("model", [CrmMapping, Mapping])
@pytest.mark.parametrize("text", [LAUGHS, "a: [*a]", "x" * 200_000 + ": y: z", "a: " + "1" * 200_000])
def test_other_files_are_refused_in_a_few_words_too(
    tmp_path: Path, text: str, model: type[BaseModel]
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load(file, model, "")
    assert len(str(caught.value)) < 1_000


def test_file_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(BadConfig, match="longer than 256 KiB"):
        load("/dev/zero", Routes, "")


def test_many_routes_fit_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    one = ROUTES.removeprefix("routes:\n")
    file.write_text("routes:\n" + "".join(one.replace("name: big", f"name: big-{n}") for n in range(300)))
    assert len(load(file, Routes, "").routes) == 300
