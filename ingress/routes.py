"""Reading config/routes.yaml, and saying where it is wrong."""

from pathlib import Path

from config_files import BadConfig, load
from models.routes import Routes

BadRoutes = BadConfig


def load_routes(path: str | Path) -> Routes:
    """Raises BadRoutes."""
    return load(path, Routes, "Copy config/routes.yaml or set ROUTES_FILE.")
