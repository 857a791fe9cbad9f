"""`doctor` on what is configured: each trouble once, with its place and what to do."""

from pathlib import Path

import pytest

from local.stack import EXAMPLE_CONFIG
from simulators.kit.control import Control
from tests.service.conftest import Command
from tests.whole_system import ROUTES

ZONE = "CHARTMOGUL__DEFAULT__TIME_ZONE"
ANOTHER = """\
  - name: large
    template: churn_save
    when: {movements: [churn], minimum_mrr: 500}
    options: {channel: "#large"}
"""


@pytest.mark.parametrize("files", [("CRM", "WAREHOUSE"), ("ROUTES",)])
async def test_a_file_that_is_broken_is_told_once(
    simulators: Control, mogulflow: Command, tmp_path: Path, files: tuple[str, ...]
) -> None:
    for name in files:
        (tmp_path / f"{name}.yaml").write_text(f"colour_of_{name}: red\n")
    given = {f"{name}_FILE": str(tmp_path / f"{name}.yaml") for name in files}
    said = await mogulflow("doctor", WAREHOUSE__ENGINE="duckdb", **given)
    assert said.code == 1
    for name in files:
        assert said.text.count(f"colour_of_{name}") == 1, said.text


async def test_a_zone_that_is_not_the_account_s_and_a_variable_that_nothing_reads_are_warned_of(
    simulators: Control, mogulflow: Command
) -> None:
    wrong = {ZONE: "America/New_York", "LOGLEVEL": "not-shown", "HUBSPOT__PORTALID": "not-shown"}
    said = await mogulflow("doctor", **wrong)
    assert said.code == 0
    assert f"Europe/Berlin there, and America/New_York in {ZONE}: days and months differ" in said.text
    assert f"Set {ZONE}=Europe/Berlin." in said.text
    assert "LOGLEVEL is set, and nothing reads it: did you mean LOG_LEVEL?" in said.text
    assert "HUBSPOT__PORTALID is set, and nothing reads it: did you mean HUBSPOT__PORTAL_ID?" in said.text
    assert "not-shown" not in said.text


async def test_a_route_that_is_never_reached_and_one_in_preview_are_told(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text(ROUTES.replace("when:", "mode: preview\n    when:") + ANOTHER)
    said = await mogulflow("doctor", ROUTES_FILE=str(routes))
    assert "route large" in said.text
    assert "is never reached: route churn-save stands before it and takes every movement" in said.text
    assert "churn-save in preview: nothing is written for them" in said.text
    assert "in preview: reads everything, writes nothing" in said.text


async def test_without_any_route_nothing_is_acted_on(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("routes: []\n")
    said = await mogulflow("doctor", ROUTES_FILE=str(routes))
    assert f"none in {routes}: nothing is acted on" in said.text


async def test_the_routes_that_come_with_it_are_without_a_warning(
    simulators: Control, mogulflow: Command
) -> None:
    said = await mogulflow("doctor", ROUTES_FILE=str(EXAMPLE_CONFIG / "routes.yaml"))
    assert "never reached" not in said.text


async def test_missing_properties_are_counted_and_the_command_that_makes_them_is_named_once(
    simulators: Control, mogulflow: Command
) -> None:
    """In the account's own zone, of which nothing is said."""
    said = await mogulflow("doctor", **{ZONE: "Europe/Berlin"})
    assert "days and months differ" not in said.text
    assert "15 of 15 properties are missing (contacts, companies): " in said.text
    assert "chartmogul_external_id, chartmogul_mrr and 12 more" in said.text
    assert said.text.count("mogulflow crm prepare hubspot") == 1
    assert said.text.count("chartmogul_arr") == 0


async def test_fields_that_salesforce_lacks_are_counted_and_one_that_is_misspelt_comes_first(
    simulators: Control, mogulflow: Command, tmp_path: Path
) -> None:
    for name in ("CM_Currency__c", "CM_Net_Payments__c", "CM_Plan__c"):
        simulators.remove_field("Account", name)
    crm = tmp_path / "crm.yaml"
    crm.write_text((EXAMPLE_CONFIG / "crm.yaml").read_text().replace("CM_Status__c", "CM_Statsu__c"))
    said = await mogulflow("doctor", CRM_FILE=str(crm))
    misspelt = "CM_Statsu__c (did you mean CM_Status__c?)"
    assert f"4 of 15 fields are missing (Account): {misspelt}" in said.text
    assert "and 1 more" in said.text
    assert f"1 of 15 fields are missing (Contact): {misspelt}" in said.text
    assert "`mogulflow crm prepare salesforce` lists all that an admin must do." in said.text
