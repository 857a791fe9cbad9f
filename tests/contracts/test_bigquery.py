"""The client of BigQuery with Google's real library, against the emulator and against scripted answers."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from clients.kit.errors import RateLimited, Unauthorized, Unavailable
from domains.warehouse.engine import Engine
from domains.warehouse.engines.bigquery.dialect import BigQueryDialect
from domains.warehouse.engines.bigquery.engine import BigQuery
from domains.warehouse.settings import BigQueryWarehouse
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.warehouse_rows import FEW, MAPPING
from tests.contracts.warehouse_session_suite import SessionContract
from tests.contracts.warehouse_suite import WarehouseContract
from tests.emulators.lossy import lossy_line
from tests.emulators.running import Emulator


def engine(url: str, schema: str = "chartmogul", **more: object) -> BigQuery:
    given = {"engine": "bigquery", "project": "emulator", "api_endpoint": url, "schema_name": schema}
    return BigQuery(BigQueryWarehouse.model_validate({**given, **more}))


class TestBigQuery(SessionContract):
    @pytest.fixture(autouse=True)
    def _emulator(self, bigquery_emulator: Emulator) -> None:
        self.emulator = bigquery_emulator

    def engine(self, schema: str) -> BigQuery:
        return engine(self.emulator.url, schema)

    def unreachable(self) -> BigQuery:
        return engine("http://127.0.0.1:9")

    @contextmanager
    def losing_the_commit(self, schema: str) -> Iterator[BigQuery]:
        with lossy_line(self.emulator.port) as line:
            line.lose("commit transaction")
            yield engine(f"http://127.0.0.1:{line.port}", schema)
            assert line.lost == 1

    def schemas_like(self, name: str) -> Sequence[str]:
        url = f"{self.emulator.url}/bigquery/v2/projects/emulator/datasets"
        found = httpx.get(url).raise_for_status().json().get("datasets", [])
        names = [str(each["datasetReference"]["datasetId"]) for each in found]
        return [each for each in names if each.startswith(name)]


class TestLoads(WarehouseContract):
    name = "bigquery"
    mapping = FEW

    @pytest.fixture
    def engine(self, bigquery_emulator: Emulator) -> Engine:
        return engine(bigquery_emulator.url, f"loads_{uuid.uuid4().hex[:12]}")

    def test_all_tables_and_views_are_taken(self, engine: Engine) -> None:
        assert self.prepare(engine, MAPPING)
        assert self.prepare(engine, MAPPING) == []


def test_views_name_their_data_set() -> None:
    """The emulator refuses them as BigQuery would; this shows which names are meant."""
    body = "with parts as (select n from mrr_movements m left join customers c on c.x = m.x) select n"
    qualified = body.replace("from mrr", "from sales.mrr").replace("join cust", "join sales.cust")
    made = BigQueryDialect("sales").create_view("v", body, "It's one", {"n": "", "m": "A month"})
    assert made == (
        "create or replace view v (n, m options(description = 'A month')) "
        f"options(description = 'It\\'s one') as {qualified}"
    )


def refusal(status: int, reason: str, message: str = "") -> Reply:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return Reply({"error": error}, status)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(403, "accessDenied"), Unauthorized),
        (refusal(403, "rateLimitExceeded"), RateLimited),
        (refusal(403, "quotaExceeded"), RateLimited),
        (refusal(503, "backendError"), Unavailable),
        (Reply(drop=True), Unavailable),
    ],
)
def test_a_refusal_says_what_to_do(reply: Reply, kind: type[Exception]) -> None:
    with ScriptedServer(reply) as server, pytest.raises(kind):
        engine(server.url).connect()
    assert len(server.seen) == 1


def test_a_key_file_that_is_none_is_a_matter_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    wrong = engine("https://127.0.0.1:9", credentials_file=str(tmp_path / "key.json"))
    with pytest.raises(Unauthorized):
        wrong.connect()
