"""What processes of ours import, and read, only at work: two thirds of the start of `serve`, and half of the
start of the simulators. Those that `tests.imported` forks find it done."""

import gc
import importlib
import os

from temporalio.worker._worker import load_default_build_id

from clients.kit.rest import tls
from configuration.environment import near_misses
from configuration.files import load_crm_mapping, load_mapping
from local.stack import EXAMPLE_CONFIG
from simulators.vendors import all_vendors

for name in (
    "anyio._backends._asyncio", "clients.stripe.library", "commands.logs", "duckdb",
    "fastapi.telemetry._runtime", "h11", "httpcore", "psycopg", "pythonjsonlogger.json", "rich._emoji_codes",
    "stripe._stripe_client", "typer._adapters", "uvicorn.lifespan.on", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto", "uvloop",
):  # fmt: skip
    importlib.import_module(name)

load_default_build_id()  # a sum over the code of every module, which a process reckons once
all_vendors()
tls()
near_misses(os.environ)
load_mapping(EXAMPLE_CONFIG / "warehouse.yaml")
load_crm_mapping(EXAMPLE_CONFIG / "crm.yaml")

gc.collect()
gc.freeze()  # a collection in each process would look through all of it, and so have its pages copied
