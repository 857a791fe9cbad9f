"""Reading config/routes.yaml and what its templates need, and saying where it is wrong."""

from pathlib import Path

from config_files import load, load_crm_mapping
from models.crm import CrmMapping
from models.routes import Routes
from settings import Settings


def load_routes(path: str | Path) -> Routes:
    """Raises BadConfig."""
    return load(path, Routes, "Copy config/routes.yaml or set ROUTES_FILE.")


def crm_for(routes: Routes, settings: Settings) -> CrmMapping:
    """config/crm.yaml, where a route needs it. Raises BadConfig."""
    return load_crm_mapping(settings.crm_file) if "customer_sync" in routes.templates else CrmMapping()
