"""What the tests of the CRM syncs stand on."""

from collections import Counter
from typing import Any

from clients.hubspot.client import HubSpotClient
from clients.hubspot.fields import wanted_properties
from configuration.files import load
from local.stack import EXAMPLE_CONFIG
from models.crm import CrmMapping
from models.templates.crm_sync import CrmReport, ObjectReport
from settings import Settings
from simulators.kit.control import Control

MAPPING = load(EXAMPLE_CONFIG / "crm.yaml", CrmMapping, "It is part of the repository.")
KEY = "chartmogul_customer_uuid"


def unlimited(settings: Settings, threads: int = 8) -> Settings:
    """CRMs and a ChartMogul that allow any number of calls."""
    assert settings.hubspot
    allowed = {"requests_per_10_seconds": 5000, "searches_per_second": 1000, "threads": threads}
    account = settings.chartmogul["default"].model_copy(update={"requests_per_second": 10_000})
    hubspot = settings.hubspot.model_copy(update=allowed)
    return settings.model_copy(update={"chartmogul": {"default": account}, "hubspot": hubspot})


async def prepare(settings: Settings, mapping: CrmMapping = MAPPING) -> None:
    """Give the portal our properties."""
    hubspot = unlimited(settings).hubspot
    assert hubspot
    client = HubSpotClient(hubspot)
    for name, each in mapping.objects("hubspot").items():
        await client.prepare(name, wanted_properties(each), dry_run=False)  # type: ignore[arg-type]  # a name of HubSpot's
    await client.aclose()


def changed(mapping: CrmMapping, name: str, **fields: Any) -> CrmMapping:
    """With other options for fields of contacts, or other objects."""
    given = mapping.model_dump()
    given["hubspot"][name]["fields"] |= fields
    return CrmMapping.model_validate(given)


def of(report: CrmReport, name: str) -> ObjectReport:
    return next(each for each in report.objects if each.object == name)


def records(simulators: Control, object_type: str) -> dict[str, dict[str, Any]]:
    """HubSpot's, by the customer that they carry the id of."""
    found = simulators.hubspot_records(object_type)
    return {each[KEY]: each for each in found if each.get(KEY)}


def writes(simulators: Control, system: Any) -> int:
    """Calls that write records."""
    paths = ("/batch/update", "/batch/upsert", "/composite/sobjects")
    return sum(
        call.path.split("?")[0].rstrip("/").endswith(paths) or call.method == "PATCH"
        for call in simulators.calls(system)
    )


def paths(simulators: Control, system: Any) -> Counter[str]:
    return Counter(call.path for call in simulators.calls(system))
