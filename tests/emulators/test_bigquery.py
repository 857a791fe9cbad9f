"""What the emulator of BigQuery does for the real client, and where it was made to differ from bqemulator."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.emulators.running import Emulator

FILL = "INSERT INTO smoke.kept (id, amount) VALUES ('a', 1)"


@pytest.fixture
def client(bigquery_emulator: Emulator) -> Iterator[bigquery.Client]:
    open_client: Any = bigquery.Client(
        project="emulator",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options=ClientOptions(api_endpoint=bigquery_emulator.url),
        location="US",
    )
    open_client.delete_dataset("smoke", delete_contents=True, not_found_ok=True)
    open_client.create_dataset("smoke")
    open_client.query_and_wait("CREATE TABLE smoke.kept (id STRING, amount INT64)")
    yield open_client
    open_client.close()


def test_a_parquet_file_is_loaded_once_per_job_id(client: bigquery.Client, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(
        pyarrow.table({"id": ["a", "b"], "amount": [1, 2]}), tmp_path / "part.parquet"
    )
    load = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
    for attempt in range(2):
        with (tmp_path / "part.parquet").open("rb") as file:
            if attempt:
                with pytest.raises(Conflict):
                    client.load_table_from_file(file, "smoke.kept", job_id="load-1", job_config=load)
            else:
                client.load_table_from_file(file, "smoke.kept", job_id="load-1", job_config=load).result()
    assert _count(client) == 2
    assert client.get_job("load-1").state == "DONE"


def test_a_script_runs_once_per_job_id(client: bigquery.Client) -> None:
    script = f"BEGIN TRANSACTION; {FILL}; COMMIT TRANSACTION;"
    client.query(script, job_id="commit-1", job_retry=None).result()
    with pytest.raises(Conflict):
        client.query(script, job_id="commit-1", job_retry=None)
    assert _count(client) == 1


def test_a_script_that_fails_leaves_nothing(client: bigquery.Client) -> None:
    with pytest.raises(BadRequest):
        client.query(f"BEGIN TRANSACTION; {FILL}; SELECT ERROR('no'); COMMIT TRANSACTION;").result()
    assert _count(client) == 0


def _count(client: bigquery.Client) -> int:
    rows = list(client.query_and_wait("SELECT COUNT(*) FROM smoke.kept"))
    return int(rows[0][0])
