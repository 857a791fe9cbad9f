"""Gong for people: accounts, and what happened with each."""

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.gong.state import gong_of
from simulators.kit.pages import render
from simulators.salesforce.state import org_of

NEWEST = 200

router = APIRouter(prefix="/gong", include_in_schema=False)


@router.get("/")
async def accounts(request: Request) -> Response:
    gong = gong_of(request)
    counts = Counter(each.account for each in gong.interactions.values())
    rows = [
        {"account": account, "name": _name_of(request, account), "count": count}
        for account, count in counts.items()
    ]
    return render(request, "gong/templates/accounts.html", system="gong", rows=rows[::-1][:NEWEST])


@router.get("/account/{account}")
async def timeline(request: Request, account: str) -> Response:
    """The newest first, by when it happened."""
    gong = gong_of(request)
    events = [each for each in gong.interactions.values() if each.account == account]
    return render(
        request,
        "gong/templates/timeline.html",
        system="gong",
        account=account,
        company=_name_of(request, account),
        events=sorted(events, key=lambda each: each.timestamp, reverse=True)[:NEWEST],
    )


def _name_of(request: Request, account: str) -> str:
    """Gong takes it from the CRM whose id that is."""
    known = org_of(request).get("Account", account)
    return str(known["Name"]) if known else gong_of(request).name_of(account)
