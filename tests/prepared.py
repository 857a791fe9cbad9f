"""What processes of ours import, and read, only at work: a good part of the start of `serve`, and
of `doctor`. Those that `tests.imported` forks find it done."""

import importlib

from clients.kit.rest import _tls
from configuration.files import load_crm_mapping, load_mapping
from local.stack import EXAMPLE_CONFIG

for name in (
    "clients.stripe.library", "commands.logs", "duckdb", "fastapi.telemetry._runtime", "h11", "httpcore",
    "psycopg", "pythonjsonlogger.json", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvloop",
):  # fmt: skip
    importlib.import_module(name)

_tls()
load_mapping(EXAMPLE_CONFIG / "warehouse.yaml")
load_crm_mapping(EXAMPLE_CONFIG / "crm.yaml")
