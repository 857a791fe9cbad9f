"""Books, simulated: billing's invoices under their numbers, tokens that serve once, and what people see."""

from typing import Any

import httpx
import pytest

from simulators.kit.control import Control
from simulators.quickbooks.state import COMPANY, QuickBooks
from simulators.xero.state import TENANT, Xero

SYSTEMS: dict[str, tuple[Any, str]] = {
    "quickbooks": (QuickBooks, "/quickbooks/api/oauth2/v1/tokens/bearer"),
    "xero": (Xero, "/xero/api.xro/connect/token"),
}


def renew(http: httpx.Client, system: str, token: str | None = None) -> httpx.Response:
    kind, path = SYSTEMS[system]
    form = {"grant_type": "refresh_token", "refresh_token": token or kind.refresh_token}
    return http.post(path, data=form, auth=kind.client)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_refresh_token_serves_once(http: httpx.Client, simulators: Control, system: str) -> None:
    first = renew(http, system).json()
    assert renew(http, system).json() == {"error": "invalid_grant"}
    second = renew(http, system, first["refresh_token"])
    assert second.status_code == 200
    assert renew(http, system, "somebody-else-s-5").status_code == 400
    kind, path = SYSTEMS[system]
    wrong = http.post(path, data={"grant_type": "refresh_token"}, auth=("x", "y"))
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    odd = http.post(path, data={"grant_type": "password"}, auth=kind.client)
    assert odd.json() == {"error": "unsupported_grant_type"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_person_sees_documents_with_what_paid_them(
    http: httpx.Client, simulators: Control, system: str
) -> None:
    assert "N1" in http.get(f"/{system}/").text
    rows = simulators.ask("GET", f"{system}/documents")
    paid = next(row for row in rows if not row["due"] and not row["voided"])
    page = http.get(f"/{system}/documents/{paid['id']}").text
    assert paid["number"] in page
    assert "ch_" in page
    assert http.get(f"/{system}/documents/7").status_code == 404


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_side_door_refuses_what_is_none(http: httpx.Client, simulators: Control, system: str) -> None:
    made = simulators.ask(
        "POST", f"{system}/documents", {"number": "A", "dated": "2026-10-01", "lines": [{"net": 5}]}
    )
    path = f"/control/{system}/entries/{made['id']}"
    assert http.patch(path, json={"voided": True}).json()["voided"]
    assert http.patch(path, json={"colour": "red"}).status_code == 422
    assert http.patch(f"/control/{system}/entries/7", json={}).status_code == 404
    assert http.delete(path).status_code == 204
    assert http.delete(path).status_code == 404
    assert http.post(f"/control/{system}/documents", json={"number": "A"}).status_code == 422
    receipt = {"number": "A", "dated": "2026-10-01", "lines": [{"net": 5}], "kind": "journal"}
    known = http.post(f"/control/{system}/documents", json=receipt).status_code
    assert known == (201 if system == "quickbooks" else 422)


def test_there_is_no_way_to_write(http: httpx.Client, simulators: Control) -> None:
    for system, path in (
        ("quickbooks", f"/quickbooks/api/v3/company/{COMPANY}/invoice"),
        ("xero", "/xero/api.xro/2.0/Invoices"),
    ):
        token = renew(http, system).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "xero-tenant-id": TENANT}
        assert http.post(path, json={}, headers=headers).status_code == 405


def test_a_company_that_is_not_ours_is_refused(http: httpx.Client, simulators: Control) -> None:
    token = renew(http, "quickbooks").json()["access_token"]
    answer = http.get(
        "/quickbooks/api/v3/company/77/preferences", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["Fault"]["Error"][0]["code"] == "3100"
    assert http.get(f"/quickbooks/api/v3/company/{COMPANY}/preferences").status_code == 401
