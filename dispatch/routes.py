"""Reading config/routes.yaml and what its templates need, and saying where it is wrong."""

from pathlib import Path

from configuration.files import BadConfig, load, load_crm_mapping
from models.crm import CrmMapping
from models.routes import Routes
from settings import Settings

BadRoutes = BadConfig


def load_routes(path: str | Path) -> Routes:
    """Raises BadRoutes."""
    return load(path, Routes, "Copy config/routes.yaml or set ROUTES_FILE.")


def crm_for(routes: Routes, settings: Settings) -> CrmMapping:
    """config/crm.yaml, where a route needs it. Raises BadConfig."""
    needed = any(route.of.needs_crm_mapping for route in routes.routes)
    return load_crm_mapping(settings.crm_file) if needed else CrmMapping()
