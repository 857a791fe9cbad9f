"""config/routes.yaml: does it read, is each route reached, and which of them only look?"""

from collections.abc import Iterator

from clients.kit.errors import title
from models.effects import Mode
from models.findings import Finding, State
from models.reach import lost_movements
from models.routes import Route, Routes
from settings import Settings


def route_findings(settings: Settings, routes: Routes) -> Iterator[Finding]:
    if routes.routes:
        yield Finding("routes", State.OK, f"{len(routes.routes)} in {settings.routes_file}")
    else:
        advice = "Add one; docs/reference.md explains each field."
        yield Finding("routes", State.WARNING, f"none in {settings.routes_file}: nothing is acted on", advice)
    for lost in lost_movements(routes, settings.chartmogul):
        state = State.OK if lost.as_meant else State.WARNING
        advice = "" if lost.as_meant else f"Change the order or the filters in {settings.routes_file}."
        yield Finding(f"route {lost.route}", state, lost.text, advice)
    for route in routes.routes:
        yield from _route_finding(route, settings)


def _route_finding(route: Route, settings: Settings) -> Iterator[Finding]:
    what = f"route {route.name}"
    if route.mode is Mode.PREVIEW:
        advice = (
            "`mogulflow coverage` says what it would have done; `mode: live` lets it act on what comes then."
        )
        yield Finding(what, State.OK, "in preview: reads everything, writes nothing", advice)
    for system in sorted(route.options.needs()):
        if not getattr(settings, system):
            said = f"it names {title(system)}, which is not connected: those steps are skipped"
            yield Finding(what, State.WARNING, said, "Connect it, as .env.example says, or take it out.")
    for name in sorted(set(route.when.accounts) - settings.chartmogul.keys()):
        advice = f"Set CHARTMOGUL__{name.upper()}__API_KEY, or correct `accounts` of the route."
        yield Finding(what, State.WARNING, f"there is no account {name}", advice)
