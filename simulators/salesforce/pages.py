"""Salesforce for people: lists of tasks and opportunities, and any record with its fields and its feed."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from simulators.kit.pages import back_to, render
from simulators.salesforce.org import Org
from simulators.salesforce.schema import Field
from simulators.salesforce.seed import Record
from simulators.salesforce.state import org_of

router = APIRouter(prefix="/salesforce", include_in_schema=False)

NEWEST = 500


@router.get("/")
async def home() -> Response:
    return back_to("/salesforce/lightning/o/Task/list")


@router.get("/lightning/o/Task/list")
async def tasks(request: Request) -> Response:
    newest = _newest(org_of(request), "Task")
    return render(request, "salesforce/templates/tasks.html", system="salesforce", tasks=newest)


@router.get("/lightning/o/Opportunity/list")
async def opportunities(request: Request) -> Response:
    newest = _newest(org_of(request), "Opportunity")
    return render(
        request, "salesforce/templates/opportunities.html", system="salesforce", opportunities=newest
    )


@router.get("/lightning/r/{object_name}/{id}/view")
async def record(request: Request, object_name: str, id: str) -> Response:
    org = org_of(request)
    found = org.get(object_name, id) if object_name in org.schema else None
    if found is None:
        raise HTTPException(404, f"no {object_name} {id}")
    changed = org.changed
    tasks = [t for t in changed["Task"].values() if id in (t["AccountId"], t["WhoId"])]
    deals = [each for each in changed["Opportunity"].values() if each["AccountId"] == id]
    return render(
        request,
        "salesforce/templates/record.html",
        system="salesforce",
        object_name=object_name,
        title=title(object_name, found),
        fields=[_shown(org, field, found.get(field.name)) for field in org.schema[object_name].values()],
        tasks=[_named(org, task) for task in tasks[::-1]],
        opportunities=[_named(org, deal) for deal in deals[::-1]],
        posts=[each for each in changed["FeedItem"].values() if each["ParentId"] == id][::-1],
    )


def title(object_name: str, record: Record) -> str:
    return str(record.get("Subject" if object_name == "Task" else "Name") or record["Id"])


def _newest(org: Org, object_name: str) -> list[dict[str, Any]]:
    found = list(org.changed[object_name].values())[: -NEWEST - 1 : -1]
    return [_named(org, each) for each in found]


def _named(org: Org, record: Record) -> dict[str, Any]:
    """A task or an opportunity with the names of its owner and account beside their ids."""
    owner = org.get("User", record["OwnerId"])
    account = org.get("Account", record["AccountId"]) if record["AccountId"] else None
    return {**record, "owner": owner, "account": account}


def _shown(org: Org, field: Field, value: Any) -> dict[str, Any]:
    link, text = None, value
    if field.type == "reference" and value:
        target = field.reference_to[0]
        related = org.get(target, value)
        link = f"/salesforce/lightning/r/{target}/{value}/view"
        text = title(target, related) if related else value
    described = field.describe()
    return {"name": field.name, "label": described["label"], "text": text, "link": link}
