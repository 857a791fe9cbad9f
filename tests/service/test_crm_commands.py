"""`mogulflow crm` and `preview crm`, each as a process of its own against the whole system."""

import csv
from pathlib import Path

import pytest

from simulators.kit.control import Control
from tests.service.conftest import Command
from tests.workflows.crm import records, writes

OFF = {"HUBSPOT__TOKEN": "", "HUBSPOT__BASE_URL": ""}
QUICK = {"HUBSPOT__REQUESTS_PER_10_SECONDS": "10000", "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": "1000"}


@pytest.mark.timeout(300)
async def test_from_an_empty_portal_to_a_sync_and_its_report(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    said = await mogulflow("crm", "prepare", "hubspot", "--dry-run", **QUICK)
    assert (said.code, said.text.count("15 would create")) == (0, 2)
    assert "mogulflow crm prepare hubspot" in (await mogulflow("preview", "crm", "hubspot", **QUICK)).text

    said = await mogulflow("crm", "prepare", "hubspot", **QUICK)
    assert (said.code, said.text.count("15 created")) == (0, 2)
    again = await mogulflow("crm", "prepare", "hubspot", **QUICK)
    assert (again.text.count("created"), again.text.count("15 unchanged")) == (0, 2)

    [customer] = simulators.hubspot_customers("contact_and_company", limit=1)
    for options in ((), ("--customer", customer.uuid)):
        said = await mogulflow("preview", "crm", "hubspot", *options, **QUICK)
        assert said.code == 0
        assert f"of {1 if options else 200} customers" in said.text
        for shown in ("chartmogul_mrr", "would write", "contacts", "companies"):
            assert shown in said.text
    assert customer.uuid in said.text
    assert customer.company.split()[0] in said.text
    assert f"{customer.mrr / 100:.2f}" in said.text
    assert writes(simulators, "hubspot") == 0

    said = await mogulflow("crm", "run", "hubspot")
    assert said.code == 0
    assert "Sync to hubspot: acted, 200 customers" in said.text
    assert records(simulators, "contacts")[customer.uuid]["chartmogul_mrr"] == f"{customer.mrr / 100:.2f}"

    file = tmp_path / "left.csv"
    said = await mogulflow("crm", "report", "hubspot", "--csv", str(file))
    assert said.code == 0
    assert "contacts, not written: 16 × no record found by key, email" in said.text
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    missing = {each.uuid for each in simulators.hubspot_customers("missing", limit=200)}
    assert missing < {row["chartmogul_customer"] for row in rows if row["object"] == "contacts"}
    assert len(rows) == 32
    known = {each.uuid: each for each in simulators.customers(limit=200)}
    for row in rows:
        customer = known[row["chartmogul_customer"]]
        assert (row["company"], row["name"], row["email"]) == (
            customer.company,
            customer.name,
            customer.email,
        )
        assert row["chartmogul_link"]
        assert row["reason"]


async def test_what_an_admin_must_do_in_salesforce_is_listed(simulators: Control, mogulflow: Command) -> None:
    said = await mogulflow("crm", "prepare", "salesforce")
    assert (said.code, "All fields that the mapping names are there." in said.text) == (0, True)
    simulators.remove_field("Account", "CM_MRR__c")
    said = await mogulflow("crm", "prepare", "salesforce")
    assert said.code == 1
    assert "Account.CM_MRR__c: make it, Currency(16, 2)" in said.text


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("crm", "run", "hubspot"), OFF, "hubspot is not connected. Set HUBSPOT__TOKEN."),
        (("preview", "crm", "hubspot"), {"HUBSPOT__TOKEN": "wrong"}, "Check the credential in the settings"),
        (("crm", "report", "salesforce"), {}, "There was no sync of account default to salesforce"),
        (("crm", "report", "salesforce", "--account", "europe"), {}, "There is no account europe"),
        (("preview", "crm", "hubspot", "--customer", "cus_0"), {}, "Could not read customer cus_0"),
    ],
)
async def test_what_stops_a_command_is_said_in_a_sentence(
    simulators: Control,
    mogulflow: Command,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    sentence: str,
) -> None:
    said = await mogulflow(*arguments, **environment)
    assert sentence in said.text
    assert "Traceback" not in said.text


async def test_an_unknown_field_is_refused_with_file_line_and_the_nearest_name(
    mogulflow: Command, tmp_path: Path
) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text("hubspot:\n  contacts:\n    key: id_there\n    fields:\n      mmr: chartmogul_mrr\n")
    said = await mogulflow("preview", "crm", "hubspot", CRM_FILE=str(file))
    assert said.code == 1
    assert f"{file}:5: " in said.text
    assert "did you mean mrr?" in said.text
