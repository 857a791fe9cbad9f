"""dlt reads all movements by its own REST source and merges them into a DuckDB file, by Parquet.

Called in dlt's own environment with ChartMogul's base URL, the number of rows to expect and a folder.
Says the seconds it took, imports not counted. By Parquet: its default file format is five times slower here.
"""

import os
import sys
import time
from pathlib import Path

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt  # telemetry is off before it is read
from dlt.sources.rest_api import rest_api_source


def main(base_url: str, expected: int, folder: Path) -> None:
    began = time.perf_counter()
    pipeline = dlt.pipeline(
        "movements",
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="chartmogul",
        pipelines_dir=str(folder / "pipelines"),
    )
    pipeline.run(_source(base_url), loader_file_format="parquet")
    seconds = time.perf_counter() - began
    with pipeline.sql_client() as client:
        ((rows,),) = client.execute_sql("select count(distinct uuid) from activities")
    if rows != expected:
        raise SystemExit(f"{rows} rows came instead of {expected}")
    sys.stdout.write(f"{seconds}\n")


def _source(base_url: str) -> object:
    activities = {"path": "activities", "params": {"per_page": 200}, "data_selector": "entries"}
    return rest_api_source(
        {
            "client": {
                "base_url": base_url,
                "auth": {"type": "http_basic", "username": "key", "password": ""},
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "cursor",
                    "cursor_param": "cursor",
                    "has_more_path": "has_more",
                },
            },
            "resource_defaults": {"primary_key": "uuid", "write_disposition": "merge"},
            "resources": [{"name": "activities", "endpoint": activities}],
        }
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
