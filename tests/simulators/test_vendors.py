"""A vendor comes as one package, and no other file of the simulators is changed for it."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import simulators
from simulators.app import create_app
from simulators.kit.shapes import Reset
from simulators.vendors import all_vendors
from simulators.world import World

FAX = Path(__file__).with_name("more") / "fax"
PAGES = "/fax/v2/pages"


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Puts a folder with a package of a vendor beside those of the simulators."""
    added: list[Path] = []

    def put(folder: Path) -> None:
        monkeypatch.setattr(simulators, "__path__", [*simulators.__path__, str(folder.parent)])
        added.append(folder)

    yield put
    for folder in added:
        for name in (f"simulators.{folder.name}.vendor", f"simulators.{folder.name}"):
            sys.modules.pop(name, None)


@pytest.fixture
async def http(add: Callable[[Path], None]) -> AsyncIterator[httpx.AsyncClient]:
    """Of simulators with `fax` among their vendors."""
    add(FAX)
    world = World("http://simulators", Reset(customers=3), all_vendors())
    transport = httpx.ASGITransport(create_app(world))
    async with httpx.AsyncClient(transport=transport, base_url=world.url) as client:
        yield client
    await world.close()


async def calls(http: httpx.AsyncClient) -> list[tuple[str, str, int, str | None]]:
    found = (await http.get("/control/calls", params={"system": "fax"})).json()
    return [(call["method"], call["path"], call["status"], call["fault"]) for call in found]


async def fail(http: httpx.AsyncClient, **rule: Any) -> httpx.Response:
    """Add the rule, and meet it."""
    added = await http.post("/control/faults", json={"system": "fax", **rule})
    assert added.status_code == 201
    return await http.post(PAGES, content="hello")


async def test_its_calls_are_answered_and_logged_and_its_pages_are_not(http: httpx.AsyncClient) -> None:
    assert (await http.post(PAGES, content="hello")).json() == {"sent": 1}
    assert (await http.get("/fax/")).status_code == 200
    assert (await http.get("/control/fax/pages")).json() == ["hello"]
    assert await calls(http) == [("POST", "/v2/pages", 200, None)]


async def test_rules_strike_it_in_its_own_words(http: httpx.AsyncClient) -> None:
    busy = await fail(http, kind="status", status=503, retry_after=9)
    assert (busy.status_code, busy.json()) == (503, {"fax": "busy"})
    assert (busy.headers["x-fax"], busy.headers["retry-after"]) == ("503", "9")
    expired = await fail(http, kind="expired_token")
    assert (expired.status_code, expired.json()) == (419, {"fax": "who are you?"})
    assert [call[3] for call in await calls(http)] == ["status", "expired_token"]


async def test_it_answers_exceptions_of_its_own(http: httpx.AsyncClient) -> None:
    jam = await http.post(PAGES, content="staple")
    assert (jam.status_code, jam.json()) == (409, {"fax": "paper jam"})


async def test_a_reset_is_one_of_it_too(http: httpx.AsyncClient) -> None:
    await fail(http, kind="status", status=503, times=None)
    await http.post("/control/reset")
    assert await calls(http) == []
    assert (await http.post(PAGES, content="hello")).json() == {"sent": 1}


async def test_pages_lead_to_it_after_those_known_before(http: httpx.AsyncClient) -> None:
    page = (await http.get("/")).text
    names = [vendor.name for vendor in all_vendors()]
    assert names[:4] == ["chartmogul", "salesforce", "slack", "hubspot"]
    assert "fax" in names
    assert re.findall('class="card (.*?)" href="/(.*?)/"', page) == [(name, name) for name in names]
    assert "0 pages sent." in page
    assert '<a href="/fax/" aria-current="page">Fax</a>' in (await http.get("/fax/")).text
    assert ".fax { --tone: #556b2f; }" in (await http.get("/style.css")).text
    assert ">fax<" in (await http.get("/faults")).text


async def test_a_system_that_is_not_there_is_refused(http: httpx.AsyncClient) -> None:
    rule = {"system": "telex", "kind": "status"}
    answers = [
        await http.post("/control/faults", json=rule),
        await http.post("/faults", data=rule),
        await http.get("/control/calls", params={"system": "telex"}),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "no system telex" in answer.text
    assert (await http.get("/control/faults")).json() == []


def test_a_vendor_has_the_name_of_its_package(add: Callable[[Path], None], tmp_path: Path) -> None:
    telex = tmp_path / "telex"
    telex.mkdir()
    (telex / "vendor.py").write_text("from simulators.slack.vendor import VENDOR\n", encoding="utf-8")
    add(telex)
    with pytest.raises(ValueError, match="the vendor in simulators/telex is called slack"):
        all_vendors()
