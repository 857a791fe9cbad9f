"""The product's REST API: bearer tokens, idempotency keys for accounts, and none for grants."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request
from fastapi.responses import JSONResponse, Response

from simulators.connector.state import product_of
from simulators.kit.refusal import Refusal
from simulators.kit.shapes import PRODUCT_TOKEN

TOKEN = PRODUCT_TOKEN
TOOLS = ("wiki", "support-portal", "billing-portal")
FIELDS = {"name", "external_id", "plan", "mrr", "seats", "email"}
LONGEST_NAME = 200

router = APIRouter(prefix="/connector/api")


def refused(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"error": {"code": code, "message": message}})


def _check_token(request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise refused(401, "unauthorized", "The token is not valid.")


@router.post("/accounts")
async def create_account(
    request: Request,
    given: Annotated[dict[str, Any], Body()],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    _check_token(request)
    _check_account(given)
    product = product_of(request)
    if idempotency_key and (known := product.answers.get(idempotency_key)):
        if known[0] != given:
            raise refused(422, "idempotency_mismatch", "This key came with another body.")
        return JSONResponse(known[1], 201, {"Idempotent-Replayed": "true"})
    if product.of_external_id(str(given["external_id"])):
        raise refused(409, "exists", "An account with this external_id exists.")
    made = product.create(given)
    if idempotency_key:
        product.answers[idempotency_key] = (given, {"account": made})
    return JSONResponse({"account": made}, 201)


def _check_account(given: dict[str, Any]) -> None:
    if unknown := set(given) - FIELDS:
        raise refused(400, "unknown_field", f"There is no field {', '.join(sorted(unknown))}.")
    for name in ("name", "external_id"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise refused(400, "missing_field", f"{name} is required.")
    if len(given["name"]) > LONGEST_NAME:
        raise refused(400, "too_long", f"name has {LONGEST_NAME} characters at most.")


@router.get("/accounts")
async def accounts(request: Request, external_id: str) -> dict[str, Any]:
    _check_token(request)
    return {"accounts": product_of(request).of_external_id(external_id)}


@router.delete("/accounts/{account_id}", status_code=204)
async def delete_account(request: Request, account_id: str) -> None:
    """Only one that gives access to nothing."""
    _check_token(request)
    product = product_of(request)
    if account_id not in product.accounts:
        raise refused(404, "not_found", "There is no such account.")
    if any(each["account"] == account_id for each in product.grants):
        raise refused(409, "in_use", "Take its access away first.")
    del product.accounts[account_id]


@router.post("/accounts/{account_id}/access")
async def grant_access(
    request: Request, account_id: str, given: Annotated[dict[str, Any], Body()]
) -> Response:
    _check_token(request)
    product = product_of(request)
    if account_id not in product.accounts:
        raise refused(404, "not_found", "There is no such account.")
    if given.get("tool") not in TOOLS:
        raise refused(400, "unknown_tool", f"tool is one of {', '.join(TOOLS)}.")
    return JSONResponse({"grant": product.grant(account_id, given["tool"])}, 201)


@router.delete("/accounts/{account_id}/access/{grant_id}", status_code=204)
async def take_access_away(request: Request, account_id: str, grant_id: str) -> None:
    _check_token(request)
    product = product_of(request)
    found = [each for each in product.grants if (each["account"], each["id"]) == (account_id, grant_id)]
    if not found:
        raise refused(404, "not_found", "There is no such grant.")
    product.grants.remove(found[0])


@router.get("/accounts/{account_id}/usage")
async def usage(request: Request, account_id: str) -> dict[str, Any]:
    _check_token(request)
    if account_id not in product_of(request).accounts:
        raise refused(404, "not_found", "There is no such account.")
    return {"active_days": 0, "last_seen_at": None}
