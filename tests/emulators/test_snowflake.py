"""What the emulator of Snowflake does for the real connector 5, and where it differs from fakesnow."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from snowflake.connector import SnowflakeConnection, connect
from snowflake.connector.errors import ProgrammingError

from tests.emulators.running import Emulator

COPY = "COPY INTO staged FROM @files/run/1/ FILE_FORMAT=(TYPE=PARQUET) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE"
MERGE = """MERGE INTO kept USING staged ON kept.id = staged.id
    WHEN MATCHED THEN UPDATE SET amount = staged.amount
    WHEN NOT MATCHED THEN INSERT (id, amount) VALUES (staged.id, staged.amount)"""


@pytest.fixture
def connection(snowflake_emulator: Emulator) -> Iterator[SnowflakeConnection]:
    with closing(_connect(snowflake_emulator)) as open_connection:
        cursor = open_connection.cursor()
        cursor.execute("DROP SCHEMA IF EXISTS smoke")
        cursor.execute("CREATE SCHEMA smoke")
        cursor.execute("CREATE TABLE staged (id VARCHAR, amount NUMBER(38,0), seen_at TIMESTAMP_TZ)")
        cursor.execute("CREATE TABLE kept (id VARCHAR, amount NUMBER(38,0))")
        yield open_connection


def _connect(emulator: Emulator) -> SnowflakeConnection:
    return connect(
        account="emulator",
        user="emulator",
        password="emulator",
        host="127.0.0.1",
        port=emulator.port,
        protocol="http",
        database="warehouse",
        query_timeout=20,
        retry_max_attempts=1,
        enable_server_session_keep_alive_auto_detection=False,
    )


def test_a_parquet_file_is_put_and_copied_by_name(connection: SnowflakeConnection, tmp_path: Path) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    table = pyarrow.table({"seen_at": [noon, None], "amount": [2500, -1], "id": ["a", "b"]})
    pyarrow.parquet.write_table(table, tmp_path / "part.parquet")
    cursor = connection.cursor()
    cursor.execute("CREATE STAGE files")
    cursor.execute(f"PUT 'file://{tmp_path}/part.parquet' @files/run/1/ AUTO_COMPRESS=FALSE OVERWRITE=TRUE")
    cursor.execute(COPY)
    rows = cursor.execute("SELECT id, amount, seen_at FROM staged ORDER BY id").fetchall()
    assert rows == [("a", 2500, noon), ("b", -1, None)]


def test_a_merge_is_rolled_back_with_what_came_before_it(connection: SnowflakeConnection) -> None:
    cursor = connection.cursor()
    cursor.execute("INSERT INTO staged (id, amount) VALUES ('a', 1), ('b', 2)")
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO kept VALUES ('a', 0)")
    cursor.execute(MERGE)
    assert cursor.fetchall() == [(1, 1)]
    cursor.execute("ROLLBACK")
    assert cursor.execute("SELECT COUNT(*) FROM kept").fetchall() == [(0,)]


def test_a_merge_with_two_rows_of_one_key_is_refused(connection: SnowflakeConnection) -> None:
    cursor = connection.cursor()
    cursor.execute("INSERT INTO kept VALUES ('a', 0)")
    cursor.execute("INSERT INTO staged (id, amount) VALUES ('a', 1), ('a', 2)")
    with pytest.raises(ProgrammingError) as refusal:
        cursor.execute(MERGE)
    assert refusal.value.errno == 100090


def test_two_sessions_see_only_what_was_committed(
    connection: SnowflakeConnection, snowflake_emulator: Emulator
) -> None:
    with closing(_connect(snowflake_emulator)) as other:
        connection.cursor().execute("BEGIN")
        connection.cursor().execute("INSERT INTO kept VALUES ('a', 0)")
        count = "SELECT COUNT(*) FROM smoke.kept"
        assert other.cursor().execute(count).fetchall() == [(0,)]
        connection.cursor().execute("COMMIT")
        assert other.cursor().execute(count).fetchall() == [(1,)]
