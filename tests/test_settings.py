"""Each message on settings names a variable that is described, and that cures it; near misses are named."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from cli import app
from configuration.environment import ACCOUNTS, PATTERNS, near_misses, variables
from settings import Settings
from tests.conftest import ROOT
from tests.product import files

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
DESCRIBED = set(re.findall(r"^# ([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE))
COMPLETE: dict[str, dict[str, str]] = {
    "ChartMogul": {"CHARTMOGUL__DEFAULT__API_KEY": "key"},
    "HubSpot": {"HUBSPOT__TOKEN": "token"},
    "Marketo": {
        "MARKETO__BASE_URL": "https://1-a-2.mktorest.com",
        "MARKETO__CLIENT_ID": "id",
        "MARKETO__CLIENT_SECRET": "secret",
    },
    "Salesforce": {
        "SALESFORCE__INSTANCE_URL": "https://acme.example",
        "SALESFORCE__CLIENT_ID": "id",
        "SALESFORCE__CLIENT_SECRET": "secret",
    },
    "Slack": {"SLACK__BOT_TOKEN": "token"},
    "Intercom": {"INTERCOM__TOKEN": "token"},
    "Zendesk": {
        "ZENDESK__BASE_URL": "https://acme.zendesk.com",
        "ZENDESK__EMAIL": "ann@acme.example",
        "ZENDESK__API_TOKEN": "token",
    },
    "Gong": {"GONG__ACCESS_KEY": "key", "GONG__ACCESS_KEY_SECRET": "secret"},
    "Stripe": {"STRIPE__DEFAULT__API_KEY": "key"},
    "Chargebee": {"CHARGEBEE__DEFAULT__SITE": "acme", "CHARGEBEE__DEFAULT__API_KEY": "key"},
    "Recurly": {"RECURLY__DEFAULT__API_KEY": "key"},
    "QuickBooks": {
        "QUICKBOOKS__DEFAULT__COMPANY_ID": "4620816365000000001",
        "QUICKBOOKS__DEFAULT__CLIENT_ID": "id",
        "QUICKBOOKS__DEFAULT__CLIENT_SECRET": "secret",
        "QUICKBOOKS__DEFAULT__REFRESH_TOKEN": "token",
    },
    "Xero": {"XERO__DEFAULT__CLIENT_ID": "id", "XERO__DEFAULT__CLIENT_SECRET": "secret"},
    "duckdb": {"WAREHOUSE__ENGINE": "duckdb"},
    "postgres": {"WAREHOUSE__ENGINE": "postgres", "WAREHOUSE__DSN": "postgresql://h/d"},
    "snowflake": {
        "WAREHOUSE__ENGINE": "snowflake",
        "WAREHOUSE__ACCOUNT": "account",
        "WAREHOUSE__USER": "user",
        "WAREHOUSE__DATABASE": "database",
        "WAREHOUSE__TOKEN": "token",
    },
    "bigquery": {"WAREHOUSE__ENGINE": "bigquery", "WAREHOUSE__PROJECT": "project"},
    "redshift": {
        "WAREHOUSE__ENGINE": "redshift",
        "WAREHOUSE__DSN": "postgresql://h/d",
        "WAREHOUSE__S3_BUCKET": "bucket",
        "WAREHOUSE__IAM_ROLE": "default",
    },
}
"""What each needs, and for the optional pairs both."""

ANY = {"CHARTMOGUL__DEFAULT__BASE_URL": "https://api.example", "HUBSPOT__PORTAL_ID": "1",
       "MARKETO__PARTITION": "Default", "SALESFORCE__THREADS": "1", "SLACK__OPS_CHANNEL": "#ops",
       "WAREHOUSE__SCHEMA_NAME": "cm",
       "STRIPE__DEFAULT__TOLERANCE_SECONDS": "60", "CHARGEBEE__DEFAULT__WEBHOOK_USER": "ann",
       "RECURLY__DEFAULT__SUBDOMAIN": "acme", "INTERCOM__VERSION": "2.15",
       "QUICKBOOKS__DEFAULT__DAYS_AROUND": "5", "XERO__DEFAULT__DAYS_AROUND": "5"}  # fmt: skip
"""So that a system whose one variable is missing is not off."""


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The environment, without what the test's own may have."""
    for name in [*DESCRIBED, *ANY]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")

    def put(given: Mapping[str, str]) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return put


def refused() -> list[str]:
    """What the command says of the settings; the variables that it names are described."""
    result = CliRunner().invoke(app, ["runs"])
    assert result.exit_code == 2, result.output
    *said, last = result.stderr.splitlines()
    assert last.startswith("Set these in the environment")
    for name in set(re.findall(r"\b[A-Z]+(?:_+[A-Z0-9]+)+\b", " ".join(said))):
        assert name in DESCRIBED, said
    return said


MISSING = [
    (system, name)
    for system, complete in COMPLETE.items()
    for name in complete
    if (system, name) not in {("duckdb", "WAREHOUSE__ENGINE")}
]


@pytest.mark.parametrize(("system", "missing"), MISSING)
def test_a_missing_variable_is_named_and_cures(set_to: Any, system: str, missing: str) -> None:
    complete = COMPLETE[system]
    prefix = missing.partition("__")[0]
    set_to({name: value for name, value in complete.items() if name != missing})
    set_to({name: value for name, value in ANY.items() if name.startswith(prefix)})
    said = refused()
    assert missing in said[0]
    set_to({missing: complete[missing]})
    Settings()


def test_an_engine_alone_says_all_it_needs(set_to: Any) -> None:
    set_to({"WAREHOUSE__ENGINE": "snowflake"})
    said = refused()
    named = [sentence.partition(" is not set: ")[0] for sentence in said]
    assert named == ["WAREHOUSE__ACCOUNT", "WAREHOUSE__USER", "WAREHOUSE__DATABASE"]
    assert said[0].endswith("Account identifier, myorg-account")


def of(name: str) -> dict[str, str]:
    """All that the variable's system needs beside it."""
    engine = next((each.engine for each in variables() if each.name == name and each.engine), "")
    system = next(
        (each for each in COMPLETE if any(key.startswith(name.partition("__")[0]) for key in COMPLETE[each])),
        "",
    )
    return COMPLETE.get(engine or system, {}) if "__" in name else {}


ANY_TEXT = (str, str | None, SecretStr, SecretStr | None, Path, list[SecretStr])
CHECKED_TEXT = {
    "CHARTMOGUL__DEFAULT__BASE_URL", "CHARTMOGUL__DEFAULT__TIME_ZONE", "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS",
    "STRIPE__DEFAULT__API_KEY", "STRIPE__DEFAULT__BASE_URL", "STRIPE__DEFAULT__WEBHOOK_SECRETS",
    "CHARGEBEE__DEFAULT__API_KEY", "CHARGEBEE__DEFAULT__SITE", "CHARGEBEE__DEFAULT__WEBHOOK_SECRETS",
    "RECURLY__DEFAULT__API_KEY", "RECURLY__DEFAULT__SUBDOMAIN", "RECURLY__DEFAULT__WEBHOOK_SECRETS",
    "QUICKBOOKS__DEFAULT__COMPANY_ID", "XERO__DEFAULT__TENANT_ID",
    "HUBSPOT__API_VERSION", "SALESFORCE__TASK_KEY_FIELD", "WAREHOUSE__IAM_ROLE", "WAREHOUSE__SCHEMA_NAME",
    "WEB_UI_URL", "WORKER_METRICS_ADDRESS",
}  # fmt: skip
WRONG = sorted({each.name for each in variables() if each.field.annotation not in ANY_TEXT} | CHECKED_TEXT)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_told_by_its_variable_and_in_words(set_to: Any, name: str) -> None:
    secret = "/no, such: VALUE/"
    set_to(of(name) | {name: secret})
    [said, *_] = refused()
    assert name in said
    assert secret not in said or name == "CHARTMOGUL__DEFAULT__TIME_ZONE"
    assert not re.search(r"Input|valid|Value error|should", said)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"SLACK": "x"}, "SLACK cannot be used: each variable sets one value, such as SLACK__BOT_TOKEN"),
        ({"WAREHOUSE": "x"}, "WAREHOUSE cannot be used: each variable sets one value, such as WAREHOUSE__E"),
        (
            {"CHARTMOGUL__API_KEY": "x"},
            "CHARTMOGUL__API_KEY lacks the account's name: set CHARTMOGUL__DEFAULT__API_KEY",
        ),
        (
            {"STRIPE__API_KEY": "x"},
            "STRIPE__API_KEY lacks the account's name: set STRIPE__DEFAULT__API_KEY",
        ),
        (
            {"RECURLY__EMEA": "x"},
            "RECURLY__EMEA is an account, and no value: set RECURLY__EMEA__API_KEY",
        ),
        (
            {"QUICKBOOKS__EMEA": "x"},
            "QUICKBOOKS__EMEA is an account, and no value: set QUICKBOOKS__EMEA__COMPANY_ID",
        ),
        (
            {"WAREHOUSE__PATH": "x"},
            "WAREHOUSE__ENGINE is not set, and other variables of the warehouse are: name one of duckdb",
        ),
        ({"WAREHOUSE__ENGINE": "mysql"}, "WAREHOUSE__ENGINE is not known: name one of duckdb, postgres"),
    ],
)  # fmt: skip
def test_what_is_half_set_says_what_is_missing(set_to: Any, given: dict[str, str], sentence: str) -> None:
    set_to(given)
    result = CliRunner().invoke(app, ["runs"])
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)


NEAR = [
    ("SLACK_BOT_TOKEN", "SLACK__BOT_TOKEN"),
    ("SLACK_BOTTOKEN", "SLACK__BOT_TOKEN"),
    ("SLACK__BOT__TOKEN", "SLACK__BOT_TOKEN"),
    ("SLACK__TOKEN", "SLACK__BOT_TOKEN"),
    ("SLACK_TOKEN", "SLACK__BOT_TOKEN"),
    ("slack_bot_token", "SLACK__BOT_TOKEN"),
    ("MOGULFLOW_SLACK__BOT_TOKEN", "SLACK__BOT_TOKEN"),
    ("HUBSPOT_TOKEN", "HUBSPOT__TOKEN"),
    ("HUBSPOT_ACCESS_TOKEN", "HUBSPOT__TOKEN"),
    ("HUBSPOT_API_KEY", "HUBSPOT__TOKEN"),
    ("HUBSPOT__PORTALID", "HUBSPOT__PORTAL_ID"),
    ("SALESFORCE_CLIENT_ID", "SALESFORCE__CLIENT_ID"),
    ("SALESFORCE__CLIENTID", "SALESFORCE__CLIENT_ID"),
    ("SALESFORCE_INSTANCE__URL", "SALESFORCE__INSTANCE_URL"),
    ("SALESFORCE__CLIENT_SECRTE", "SALESFORCE__CLIENT_SECRET"),
    ("SALESFORCE_CONSUMER_KEY", "SALESFORCE__CLIENT_ID"),
    ("CHARTMOGUL_API_KEY", "CHARTMOGUL__DEFAULT__API_KEY"),
    ("CHARTMOGUL__API_KEY", "CHARTMOGUL__DEFAULT__API_KEY"),
    ("CHARTMOGUL_DEFAULT_API_KEY", "CHARTMOGUL__DEFAULT__API_KEY"),
    ("CHARTMOGUL_EUROPE_API_KEY", "CHARTMOGUL__EUROPE__API_KEY"),
    ("CHARTMOGUL__EUROPE_API_KEY", "CHARTMOGUL__EUROPE__API_KEY"),
    ("CHARTMOGUL__EUROPE__APIKEY", "CHARTMOGUL__EUROPE__API_KEY"),
    ("CHARTMOGUL_EU_WEST_API_KEY", "CHARTMOGUL__EU_WEST__API_KEY"),
    ("CHARTMOGUL_WEBHOOK_SECRETS", "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS"),
    ("CHARTMOGUL__DEFAULT__WEBHOOK_SECRET", "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS"),
    ("STRIPE_API_KEY", "STRIPE__DEFAULT__API_KEY"),
    ("STRIPE_SECRET_KEY", "STRIPE__DEFAULT__API_KEY"),
    ("STRIPE_WEBHOOK_SECRET", "STRIPE__DEFAULT__SIGNING_SECRETS"),
    ("STRIPE__EMEA_API_KEY", "STRIPE__EMEA__API_KEY"),
    ("CHARGEBEE_SITE", "CHARGEBEE__DEFAULT__SITE"),
    ("CHARGEBEE_EU_WEST_SITE", "CHARGEBEE__EU_WEST__SITE"),
    ("RECURLY__SUBDOMAIN", "RECURLY__DEFAULT__SUBDOMAIN"),
    ("WAREHOUSE_ENGINE", "WAREHOUSE__ENGINE"),
    ("WAREHOUSE__SCHEMA", "WAREHOUSE__SCHEMA_NAME"),
    ("WAREHOUSE__SNOWFLAKE__ACCOUNT", "WAREHOUSE__ACCOUNT"),
    ("WAREHOUSE_POSTGRES_DSN", "WAREHOUSE__DSN"),
    ("ROUTES__FILE", "ROUTES_FILE"),
    ("ROUTE_FILE", "ROUTES_FILE"),
    ("LOGLEVEL", "LOG_LEVEL"),
    ("WEBUI_URL", "WEB_UI_URL"),
    ("temporal_address", "TEMPORAL_ADDRESS"),
    ("TEMPORAL__NAMESPACE", "TEMPORAL_NAMESPACE"),
    ("TEMPORAL_HOST", "TEMPORAL_ADDRESS"),
]


@pytest.mark.parametrize(("name", "meant"), NEAR)
def test_a_near_miss_is_named_and_its_value_is_not(name: str, meant: str) -> None:
    [said] = near_misses({name: "xoxb-value"})
    assert said == f"{name} is set, and nothing reads it: did you mean {meant}?"


@pytest.mark.parametrize(("name", "meant"), NEAR)
def test_a_near_miss_is_named_where_the_right_one_is_set_too(name: str, meant: str) -> None:
    """As it may be another tool's, it is said which one counts."""
    said = near_misses({name: "xoxb-value", meant: "x", "WAREHOUSE__ENGINE": engine_of(meant)})
    assert said == [f"{name} is set, and nothing reads it: {meant} counts"]


def engine_of(name: str) -> str:
    return next((each.engine for each in variables() if each.name == name and each.engine), "duckdb")


@pytest.mark.parametrize("name", sorted(name for name in DESCRIBED if "__" in name))
def test_single_underscores_and_no_underscores_are_near_misses_in_every_family(name: str) -> None:
    for miss in {name.replace("__", "_"), name.replace("_", "")}:
        assert near_misses({miss: "x"}) == [f"{miss} is set, and nothing reads it: did you mean {name}?"]


@pytest.mark.parametrize("name", ["ADDRESS", "NAMESPACE", "API_KEY", "TLS_CLIENT_CERT_PATH"])
def test_temporal_s_own_are_near_missed_by_ours_way_of_writing(name: str) -> None:
    for miss in (f"TEMPORAL__{name}", f"temporal_{name.lower()}", f"TEMPORAL_{name}".replace("_", "")):
        assert near_misses({miss: "x"}) == [
            f"{miss} is set, and nothing reads it: did you mean TEMPORAL_{name}?"
        ]


def test_a_variable_of_another_engine_is_named() -> None:
    given = {"WAREHOUSE__ENGINE": "duckdb", "WAREHOUSE__DSN": "x", "WAREHOUSE__SCHEMA_NAME": "x"}
    assert near_misses(given) == [
        "WAREHOUSE__DSN is set, and nothing reads it: it is of postgres or redshift, and WAREHOUSE__ENGINE"
        " says duckdb"
    ]


def test_one_that_is_like_none_is_named_too() -> None:
    assert near_misses({"SLACK__EMOJI_PACK_OF_THE_YEAR": "x"}) == [
        "SLACK__EMOJI_PACK_OF_THE_YEAR is set, and nothing reads it: .env.example has all there are"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {name: "x" for name in DESCRIBED if not name.startswith("WAREHOUSE__")},
        {"slack__bot_token": "x", "Routes_File": "x", "chartmogul__europe__api_key": "x"},  # read in any case
        {"CHARTMOGUL__EU-WEST__API_KEY": "x", "CHARTMOGUL__ACME_EU__WEBHOOK_SECRETS": "x"},
        {"TEMPORAL_TLS_SERVER_NAME": "x", "TEMPORAL_CONFIG_FILE": "x", "TEMPORAL_PROFILE": "x"},
        {"SLACK_BOT_TOKEN": ""},
        {"PATH": "x", "HOME": "x", "LANG": "x", "DATABASE_URL": "x", "PORT": "x", "LOG_FORMAT": "x",
         "SNOWFLAKE_HOME": "x", "GOOGLE_APPLICATION_CREDENTIALS": "x", "AWS_REGION": "x",
         "MOGULFLOW_STATE_DIR": "x", "MOGULFLOW_TEMPORAL": "x", "POSTGRES_PASSWORD": "x", "PGHOST": "x"},
    ],
)  # fmt: skip
def test_what_is_read_or_another_tool_s_is_not_named(given: dict[str, str]) -> None:
    assert near_misses(given) == []


@pytest.mark.parametrize("name", ["CHARTMOGUL" + "_" * 60_000, "CHARTMOGUL_" + "A_" * 30_000, "_" * 90_000])
@pytest.mark.parametrize("end", ["", "API_KEY", "API_KEX"])
def test_the_longest_name_of_a_variable_is_nobodys(name: str, end: str) -> None:
    assert near_misses({name + end: "x"}) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CHARTMOGUL" + "_" * 150 + "API" + "_" * 9 + "KEY", "CHARTMOGUL__DEFAULT__API_KEY"),
        ("CHARTMOGUL" + "_" * 80 + "EU" + "_" * 80 + "APIKEY", "CHARTMOGUL__EU__API_KEY"),
    ],
)
def test_underscores_of_any_number_are_read_in_one_way(name: str, meant: str) -> None:
    [said] = near_misses({name: "x"})
    assert said.endswith(f"did you mean {meant}?")


def test_a_near_miss_is_said_at_start_beside_what_is_missing(set_to: Any) -> None:
    set_to({"SLACK_BOT_TOKEN": "xoxb-value", "SLACK__OPS_CHANNEL": "#ops"})
    result = CliRunner().invoke(app, ["runs"])
    assert result.exit_code == 2
    assert "SLACK__BOT_TOKEN is not set: Bot token" in result.stderr
    assert "SLACK_BOT_TOKEN is set, and nothing reads it: did you mean SLACK__BOT_TOKEN?" in result.stderr
    assert "xoxb-value" not in result.stderr


def test_a_near_miss_does_not_stop_a_command(set_to: Any) -> None:
    set_to({"SLACK_BOT_TOKEN": "xoxb-value", "TEMPORAL_ADDRESS": "127.0.0.1:9"})
    result = CliRunner().invoke(app, ["runs"])
    assert result.stderr.startswith(
        "SLACK_BOT_TOKEN is set, and nothing reads it: did you mean SLACK__BOT_TOKEN?"
    )
    assert "Temporal" in result.stderr


def texts(file: Path) -> list[str]:
    """The strings of a module, docstrings and parts of f-strings included."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


SYSTEMS = "CHARTMOGUL|HUBSPOT|SALESFORCE|SLACK|STRIPE|CHARGEBEE|RECURLY|QUICKBOOKS|XERO|WAREHOUSE"
VARIABLE = rf"\b(?:{SYSTEMS})__[A-Z0-9_]*"


def test_every_variable_that_the_product_names_exists() -> None:
    """`CHARTMOGUL__{name.upper()}__API_KEY` comes in parts: each begins or ends in underscores."""
    known = DESCRIBED | {f"{name.rpartition('__')[0]}__" for name in DESCRIBED}
    for file in files():
        if file == ROOT / "configuration/environment.py":
            continue
        for text in texts(file):
            for name in re.findall(VARIABLE, text):
                assert name in known or name.removesuffix("__") in ACCOUNTS, f"{file}: {name}"


def test_each_pattern_of_the_settings_has_words() -> None:
    found = set(re.findall(r"'pattern': '(.*?)'", str(Settings.model_json_schema()).replace("\\\\", "\\")))
    assert found <= set(PATTERNS)


@pytest.mark.parametrize("system", ["chartmogul", "stripe", "chargebee", "recurly"])
def test_a_secret_names_one_account_of_each_system(set_to: Any, system: str) -> None:
    given = next(each for each in COMPLETE.values() if next(iter(each)).startswith(system.upper()))
    secrets = f"{system.upper()}__DEFAULT__WEBHOOK_SECRETS"
    both = given | {secrets: "one,two"}
    set_to(both | {name.replace("DEFAULT", "EMEA"): value for name, value in both.items()})
    result = CliRunner().invoke(app, ["runs"])
    assert result.exit_code == 2
    said = result.stderr.splitlines()[0]
    other = secrets.replace("DEFAULT", "EMEA")
    assert said == f"{secrets} and {other} have the same secret; each account needs its own"


def test_systems_may_have_the_same_secret_and_two_at_most_sign(set_to: Any) -> None:
    set_to(COMPLETE["ChartMogul"] | COMPLETE["Stripe"])
    set_to({f"{system}__DEFAULT__WEBHOOK_SECRETS": "one" for system in ("CHARTMOGUL", "STRIPE")})
    set_to({"STRIPE__DEFAULT__SIGNING_SECRETS": "whsec_1, whsec_2"})
    found = Settings().stripe["default"].signing_secrets
    assert [each.get_secret_value() for each in found] == ["whsec_1", "whsec_2"]
    set_to({"STRIPE__DEFAULT__SIGNING_SECRETS": "a,b,c"})
    assert refused()[0].startswith("STRIPE__DEFAULT__SIGNING_SECRETS: names more than two secrets")
