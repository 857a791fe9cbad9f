"""A bad routes file refuses start-up with file, line and reason."""

import json
from pathlib import Path

import pytest

from configuration.files import BadConfig, crm_for, load_routes
from models.chartmogul import MovementWebhook
from models.crm import CrmMapping
from models.event import Event
from models.events import MrrMovement, movement_from_webhook
from models.holds import brake_on, title
from models.templates.customer_sync import CustomerSyncOptions
from models.templates.template import Names
from settings import Settings
from tests.conftest import ROOT
from tests.workflows.template_runs import payment

GOOD = """\
routes:
  - name: big
    template: churn_save
    when:
      movements: [churn]
      minimum_mrr: 100
    options:
      channel: "#big"
  - name: all
    template: churn_save
    when: {movements: [churn], accounts: [default]}
    options:
      channel: "#all"
"""


def movement(cents: int, kind: str = "churn", account: str = "default") -> MrrMovement:
    body = {
        "type": "mrr_movement",
        "date": "2026-05-20T07:02:18.000Z",
        "movement_type": kind,
        "account_currency": "USD",
        "mrr_movement_in_account_currency": cents,
        "customer": {"uuid": "cus_1"},
    }
    return movement_from_webhook(MovementWebhook.model_validate(body), account)


def write(folder: Path, text: str) -> Path:
    file = folder / "routes.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (movement(-10000), ["big"]),
        (movement(-9999), ["all"]),
        (movement(-100, "contraction"), []),
        (movement(10000, "expansion"), []),
        (movement(-10000, account="europe"), ["big"]),
        (movement(-1, account="europe"), []),
    ],
)
def test_the_first_route_that_takes_an_event_counts_for_its_template(
    tmp_path: Path, event: MrrMovement, names: list[str]
) -> None:
    routes = load_routes(write(tmp_path, GOOD))
    assert [route.name for route in routes.matching(event)] == names


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("minimum_mrr: 100", "minimum_mrr: -1", 6, "must be 0 or more; found -1"),
        ("movements: [churn]", "movements: [chrun]", 5, "chrun is not known: did you mean churn?"),
        (
            "template: churn_save",
            "template: churn_safe",
            3,
            "churn_safe is not known: did you mean churn_save?",
        ),
        ('channel: "#big"', 'chanel: "#big"', 8, "`chanel` is not known: did you mean channel?"),
        (
            'channel: "#big"',
            'channel: "#big"\n      color: red',
            9,
            "`color` is not known here; known are channel",
        ),
        ("name: all", "name: big", 9, "names must be unique: big (lines 2, 9)"),
        (
            'channel: "#big"',
            'channel: "#big"\n      task: {subject: "{name}"}',
            9,
            "may hold {customer}, {mrr}, {plan}",
        ),
        ("movements: [churn]", "movements: [contraction]", 2, "churn_save is not for contraction"),
        ("name: big", "name: 2026-13-45", 1, "month must be in 1..12"),
        ("name: big", "name: !!int foo", 1, "a value cannot be read: invalid literal"),
        ("name: big", "name: !!bool foo", 1, "a value cannot be read: 'foo'"),
        ("name: big", "name: \a", 2, "a character that YAML does not allow"),
        pytest.param(*("name: big", "name: " + "[" * 3000, 1, "nested too deeply"), marks=pytest.mark.slow),
        (
            "name: big",
            "name: big\n    <<: {when: {movements: [chrun]}, colour: red}",
            2,
            "`colour` is not known here",
        ),
        ("routes:", "routes: [", 2, ""),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadConfig) as refused:
        load_routes(file)
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{file}:{line}: ")
    assert reason in first


NAMED = "name: big"
LONGEST = "b" * 240
"""`Brake of route NAME` then has the 255 letters that Temporal keeps of a keyword on SQL."""


def test_a_name_as_long_as_its_brake_takes_is_read(tmp_path: Path) -> None:
    routes = load_routes(write(tmp_path, GOOD.replace(NAMED, f"name: {LONGEST}", 1)))
    assert len(title(brake_on(routes.routes[0].name))) == 255


def test_a_longer_name_is_refused_with_the_limit_and_why(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace(NAMED, f"name: {LONGEST}b", 1))
    with pytest.raises(BadConfig) as refused:
        load_routes(file)
    said = str(refused.value)
    assert said.startswith(f"{file}:2: route bbb")
    assert "its name has 241 characters, and 240 are the most: the run of its brake is named after" in said


@pytest.mark.parametrize("without_a_brake", ["pause_above: 0", "mode: preview"])
def test_a_route_on_which_no_brake_goes_on_may_have_a_longer_name(
    tmp_path: Path, without_a_brake: str
) -> None:
    text = GOOD.replace(NAMED, f"name: {LONGEST}b\n    {without_a_brake}", 1)
    assert load_routes(write(tmp_path, text)).routes[0].name == f"{LONGEST}b"


SYNC = """\
routes:
  - name: sync
    template: customer_sync
    when:
      movements: [new_biz, expansion, contraction, churn, reactivation]
    scheduled: wait
    options:
      systems: [hubspot]
"""


def test_each_template_has_options_of_its_own(tmp_path: Path) -> None:
    [route] = load_routes(write(tmp_path, SYNC)).routes
    assert route.options == CustomerSyncOptions(systems=["hubspot"])
    assert route.when.takes(movement(1, "expansion"))
    assert not load_routes(write(tmp_path, SYNC)).named(Names.SLACK_CHANNEL)
    with pytest.raises(BadConfig, match=r"routes.yaml:8: route sync, `options`: `channel` is not known here"):
        load_routes(write(tmp_path, SYNC.replace("systems: [hubspot]", 'channel: "#big"')))
    with pytest.raises(BadConfig, match=r"routes.yaml:8: .*did you mean systems\?"):
        load_routes(write(tmp_path, SYNC.replace("systems:", "system:")))


def test_the_mapping_is_read_only_where_a_route_needs_it(tmp_path: Path, settings: Settings) -> None:
    nowhere = settings.model_copy(update={"crm_file": str(tmp_path / "none.yaml")})
    assert crm_for(load_routes(write(tmp_path, GOOD)), nowhere) == CrmMapping()
    with pytest.raises(BadConfig, match="CRM_FILE"):
        crm_for(load_routes(write(tmp_path, SYNC)), nowhere)
    assert crm_for(load_routes(write(tmp_path, SYNC)), settings).hubspot


def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_bytes(GOOD.replace("big", "größe").encode("latin-1"))
    with pytest.raises(BadConfig) as refused:
        load_routes(file)
    assert str(refused.value) == f"{file}:2: is not UTF-8"


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="ROUTES_FILE"):
        load_routes(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "file", ["benchmarks/routes.yaml", "examples/config/routes.yaml", "examples/demo/routes.yaml"]
)
def test_the_files_that_ship_are_good(file: str) -> None:
    assert load_routes(ROOT / file).routes


PAYMENTS = """\
routes:
  - name: unpaid
    template: failed_payment
    when: {events: [failed_payment], accounts: [default]}
    options: {channel: "#billing"}
  - name: risk
    template: churn_risk
    when: {movements: [churn], events: [failed_payment], minimum_mrr: 100}
    options: {channel: "#risk"}
"""


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (payment("in_1"), ["unpaid", "risk"]),
        (payment("in_1", amount=None), ["unpaid", "risk"]),
        (payment("in_1", account="europe"), ["risk"]),
        (movement(-10000), ["risk"]),
        (movement(-9999), []),
    ],
)
def test_a_route_takes_other_events_beside_movements(tmp_path: Path, event: Event, names: list[str]) -> None:
    """`minimum_mrr` is of a movement alone: a failed payment changes none."""
    routes = load_routes(write(tmp_path, PAYMENTS))
    assert [route.name for route in routes.matching(event)] == names


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (payment("in_1", account="europe"), "route unpaid is for account default"),
        (movement(-9999), "route risk takes USD 100 of MRR or more"),
        (movement(1, "expansion"), "no route takes expansion movements"),
    ],
)
def test_why_no_route_takes_it_is_said_in_words(tmp_path: Path, event: Event, reason: str) -> None:
    text = PAYMENTS.replace("events: [failed_payment], minimum_mrr", "minimum_mrr")
    assert load_routes(write(tmp_path, text)).why_none(event) == reason


def test_why_a_route_takes_it_says_only_what_counted(tmp_path: Path) -> None:
    unpaid, risk = load_routes(write(tmp_path, PAYMENTS)).routes
    assert unpaid.when.why(payment("in_1")) == "the first that takes failed_payment, of accounts default"
    assert risk.when.why(payment("in_1")) == "the first that takes failed_payment, of all accounts"
    assert risk.when.why(movement(-10000)) == (
        "the first that takes churn of at least 100 MRR, of all accounts"
    )
    assert unpaid.when.why_not(movement(-1)) == "takes failed_payment"
    assert risk.when.why_not(movement(1, "expansion")) == "takes churn, failed_payment"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("[failed_payment], acc", "[failed_paymnt], acc", 4, "did you mean failed_payment?"),
        ("events: [failed_payment], acc", "movements: [churn], acc", 2, "failed_payment is not for churn"),
        ("events: [failed_payment], acc", "acc", 4, "needs `movements` or `events`"),
    ],
)
def test_what_a_template_is_not_for_is_refused(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    file = write(tmp_path, PAYMENTS.replace(old, new))
    with pytest.raises(BadConfig) as bad:
        load_routes(file)
    assert str(bad.value).startswith(f"{file}:{line}: ")
    assert reason in str(bad.value)


def test_the_schema_knows_other_events() -> None:
    schema = json.loads((ROOT / "config" / "routes.schema.json").read_text(encoding="utf-8"))
    events = schema["$defs"]["Filter"]["properties"]["events"]
    assert events["items"]["const"] == "failed_payment"
    assert "failed_payment" in schema["$defs"]["Route"]["properties"]["template"]["enum"]
