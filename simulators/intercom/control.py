"""Our own side door to the Intercom workspace: its rules, what it holds, and what happens there."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.chartmogul.actions import customer_row
from simulators.chartmogul.state import chartmogul_of
from simulators.intercom.answers import contact_json
from simulators.intercom.rules import Case, IntercomRules, Merger, NewContact
from simulators.intercom.seed import Contact, case_of
from simulators.intercom.state import intercom_of, workspace_of
from simulators.kit.rules import with_changes
from simulators.kit.shapes import CustomerRow

router = APIRouter(prefix="/control/intercom")


@router.put("")
async def rules(request: Request, changes: IntercomRules) -> IntercomRules:
    """Rules that are not named keep their value."""
    workspace = workspace_of(request)
    workspace.rules = with_changes(workspace.rules, changes)
    return workspace.rules


@router.get("/customers")
async def customers(request: Request, case: Case, limit: int = 50) -> list[CustomerRow]:
    """Those of whom Intercom knows that much."""
    chartmogul, seed = chartmogul_of(request), intercom_of(request).numbers
    numbers = (number for number in seed.numbers() if case_of(number) == case)
    return [customer_row(chartmogul, seed.customer(number)) for number in islice(numbers, limit)]


@router.get("/messages")
async def messages(request: Request) -> list[dict[str, Any]]:
    """In the order in which they were sent."""
    return [asdict(each) for each in workspace_of(request).messages]


@router.get("/tags")
async def tags(request: Request) -> list[str]:
    return [each.name for each in workspace_of(request).tags.values()]


@router.get("/tagged")
async def tagged(request: Request) -> dict[str, list[str]]:
    """Names of tags by the id of the contact or company that has any."""
    workspace = workspace_of(request)
    found = {id: [each.name for each in workspace.tags_of(id)] for id in workspace.tagged}
    return {id: names for id, names in found.items() if names}


@router.post("/contacts", status_code=201)
async def add(request: Request, new: NewContact) -> dict[str, Any]:
    workspace = workspace_of(request)
    return contact_json(workspace, workspace.add(new))


@router.post("/contacts/{id}/archive", status_code=204)
async def archive(request: Request, id: str) -> None:
    workspace_of(request).remove(_known(request, id))


@router.post("/contacts/{id}/merge", status_code=204)
async def merge(request: Request, id: str, merger: Merger) -> None:
    """A lead into a user, whose tags it brings along."""
    workspace, lead, user = workspace_of(request), _known(request, id), _known(request, merger.into)
    for tag in workspace.tags_of(lead.id):
        workspace.set_tag(user.id, tag, on=True)
    workspace.remove(lead)


def _known(request: Request, id: str) -> Contact:
    if (contact := workspace_of(request).contact(id)) is None:
        raise HTTPException(404, f"no contact {id}")
    return contact
