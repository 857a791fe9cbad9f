"""A bad routes file refuses start-up with file, line and reason."""

from pathlib import Path

import pytest

from ingress.routes import BadRoutes, load_routes
from models.chartmogul import MovementWebhook
from models.events import MrrMovement, movement_from_webhook

GOOD = """\
routes:
  - name: big
    template: churn_save
    when:
      movements: [churn]
      minimum_mrr: 100
    options:
      channel: "#big"
  - name: all
    template: churn_save
    when: {movements: [churn, contraction], accounts: [default]}
    options:
      channel: "#all"
"""


def movement(cents: int, kind: str = "churn", account: str = "default") -> MrrMovement:
    body = {
        "type": "mrr_movement",
        "date": "2026-05-20T07:02:18.000Z",
        "movement_type": kind,
        "account_currency": "USD",
        "mrr_movement_in_account_currency": cents,
        "customer": {"uuid": "cus_1"},
    }
    return movement_from_webhook(MovementWebhook.model_validate(body), account)


def write(folder: Path, text: str) -> Path:
    file = folder / "routes.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (movement(-10000), ["big"]),
        (movement(-9999), ["all"]),
        (movement(-100, "contraction"), ["all"]),
        (movement(10000, "expansion"), []),
        (movement(-10000, account="europe"), ["big"]),
        (movement(-1, account="europe"), []),
    ],
)
def test_the_first_route_that_takes_an_event_counts_for_its_template(
    tmp_path: Path, event: MrrMovement, names: list[str]
) -> None:
    routes = load_routes(write(tmp_path, GOOD))
    assert [route.name for route in routes.matching(event)] == names


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("minimum_mrr: 100", "minimum_mrr: -1", 6, "greater than or equal to 0"),
        ("movements: [churn]", "movements: [chrun]", 5, "Input should be 'new_biz'"),
        ("template: churn_save", "template: churn_safe", 3, "Input should be 'churn_save'"),
        ('channel: "#big"', 'chanel: "#big"', 7, "Field required"),
        ('channel: "#big"', 'channel: "#big"\n      color: red', 9, "Extra inputs"),
        ("name: all", "name: big", 1, "names must be unique: big"),
        ('channel: "#big"', 'channel: "#big"\n      task: {subject: "{name}"}', 9, "{name} is unknown here"),
        ("routes:", "routes: [", 2, ""),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadRoutes) as refused:
        load_routes(file)
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"{file}:{line}: ")
    assert reason in first


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadRoutes, match="ROUTES_FILE"):
        load_routes(tmp_path / "none.yaml")
