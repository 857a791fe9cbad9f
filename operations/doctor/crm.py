"""The CRM sync: are the systems connected, and the fields there that the mapping names?"""

from collections.abc import AsyncIterator, Iterator, Sequence

from clients.kit.errors import IntegrationError, title
from clients.kit.findings import failed
from configuration.files import BadConfig, load_crm_mapping
from domains.crm.systems import Crm
from models.bounds import few
from models.crm import CrmMapping, CrmName
from models.crm_fields import CORRECT, PREPARE, Unfit
from models.findings import Finding, State
from models.routes import Route, Routes
from models.templates.template import Names
from settings import Settings
from systems import Connections

CREATE_WITH = (
    "Give each object `key` and `create_with` in config/crm.yaml, which shows them in a comment; or set"
    " `crm: null` in the route."
)


async def crm_findings(settings: Settings, routes: Routes) -> AsyncIterator[Finding]:
    try:
        mapping = load_crm_mapping(settings.crm_file)
    except BadConfig as error:
        yield Finding("CRM mapping", State.FAULT, str(error), "Mend the file: start-up refuses it.")
        return
    for route in routes.routes:
        for finding in records_made(route, mapping):
            yield finding
    connections = Connections.of(settings)
    try:
        for system, crm in connections.crms(settings).items():
            async for finding in _fields(crm.for_work(mapping, live=True), system, mapping):
                yield finding
    finally:
        await connections.aclose()


def records_made(route: Route, mapping: CrmMapping) -> Iterator[Finding]:
    """Of a route that makes records: which objects of the CRM get none."""
    for system in filter(None, route.options.named(Names.CRM)):
        objects = mapping.objects("hubspot" if system == "hubspot" else "salesforce")
        none = [name for name, each in objects.items() if not (each.key and each.create_with)]
        if objects and not none:
            continue
        which = ", ".join(none) or "no object is mapped"
        said = f"of a customer without a record none is made in {title(system)}: {which}"
        yield Finding(f"route {route.name}", State.WARNING, said, CREATE_WITH)


async def _fields(crm: Crm, system: CrmName, mapping: CrmMapping) -> AsyncIterator[Finding]:
    """Objects that lack the same fields, as all do at first, are one row."""
    lacking: dict[tuple[int, tuple[str, ...]], list[list[Unfit]]] = {}
    for name, each in mapping.objects(system).items():
        what = f"CRM sync, {system} {name}"
        try:
            unfit = await crm.unfit(name, each)
            notes = await crm.notes(name, each)
        except IntegrationError as error:
            yield failed(what, error, f"Check the connection of {system}, and its rights.")
            continue
        for note in notes:
            yield Finding(what, State.WARNING, note, "Correct config/crm.yaml where that is not meant.")
        for finding in _of_object(what, [field for field in unfit if not field.missing]):
            yield finding
        if missing := [field for field in unfit if field.missing]:
            wanted = len({*each.field_names, *each.create_with.values()})
            lacking.setdefault((wanted, tuple(field.name for field in missing)), []).append(missing)
        elif not unfit:
            yield Finding(what, State.OK, f"{len(each.field_names)} fields")
    for (wanted, _), alike in lacking.items():
        yield _missing(system, alike, wanted)


def _of_object(what: str, unfit: Sequence[Unfit]) -> Iterator[Finding]:
    if unfit:
        yield Finding(what, State.WARNING, f"not written: {few(unfit)}", f"{CORRECT}.")


def _missing(system: CrmName, alike: Sequence[Sequence[Unfit]], wanted: int) -> Finding:
    """Names that may be misspelt come first."""
    objects, one = ", ".join(each[0].object for each in alike), alike[0]
    names = [_named(each) for each in sorted(one, key=lambda each: not each.hint)]
    fields = "properties" if system == "hubspot" else "fields"
    said = f"not written: {len(one)} of {wanted} {fields} are missing ({objects}): {few(names, ', ')}"
    return Finding(f"CRM sync, {system}", State.WARNING, said, f"{PREPARE[system]}.")


def _named(field: Unfit) -> str:
    return f"{field.name} ({field.hint.removeprefix(': ')})" if field.hint else field.name
