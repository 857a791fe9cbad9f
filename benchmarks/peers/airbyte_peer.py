"""Airbyte's CDK reads all movements by the manifest beside this file, into a file of its messages.

Called in the CDK's own environment with ChartMogul's base URL, the number of rows to expect and a folder.
Says the seconds of the read, imports not counted; nothing is loaded anywhere.
"""

import json
import sys
import time
from pathlib import Path

import yaml
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

MANIFEST = Path(__file__).with_name("airbyte.yaml")


def main(base_url: str, expected: int, folder: Path) -> None:
    manifest = yaml.safe_load(MANIFEST.read_text())
    config = {"base_url": base_url, "api_key": "key", "start_date": "2019-01-01T00:00:00Z"}
    stream = {
        "stream": {"name": "activities", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh",
        "destination_sync_mode": "overwrite",
    }
    catalog = {"streams": [stream]}
    words = ["read"]
    for name, content in (("config", config), ("catalog", catalog)):
        (folder / name).write_text(json.dumps(content))
        words += [f"--{name}", str(folder / name)]
    messages = folder / "messages.jsonl"
    began = time.perf_counter()
    source = ConcurrentDeclarativeSource(
        catalog=ConfiguredAirbyteCatalogSerializer.load(catalog), config=config, source_config=manifest
    )
    entrypoint = AirbyteEntrypoint(source)
    with messages.open("w") as out:
        for message in entrypoint.run(entrypoint.parse_args(words)):
            out.write(f"{message}\n")
    seconds = time.perf_counter() - began
    with messages.open() as lines:
        rows = sum(json.loads(line)["type"] == "RECORD" for line in lines)
    if rows != expected:
        raise SystemExit(f"{rows} rows came instead of {expected}")
    sys.stdout.write(f"{seconds}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
