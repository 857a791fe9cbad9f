"""The vendors' descriptions, and what is changed in a copy so that Prism holds us to what they mean."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Document = dict[str, Any]

INTERCOM, RECURLY, XERO = "intercom-2.15.yaml", "recurly-v2021-02-25.yaml", "xero-accounting.yaml"
ORIGINS = {
    INTERCOM: "descriptions/2.15/api.intercom.io.yaml of github.com/intercom/Intercom-OpenAPI",
    RECURLY: "openapi/api.yaml of github.com/recurly/recurly-client-python",
    XERO: "xero_accounting.yaml of github.com/XeroAPI/Xero-OpenAPI",
}


def missing(folder: Path | None) -> str:
    """What to do where a description is not in the folder; empty where all are."""
    absent = [name for name in ORIGINS if folder is None or not (folder / name).is_file()]
    if not absent:
        return ""
    return "\n".join(
        [
            f"{folder or 'SPECS'} has no {', '.join(absent)}." if folder else "SPECS names no folder.",
            "The vendors' descriptions of their APIs are no part of this repository. Save them as:",
            *(f"  {name}: {origin}" for name, origin in ORIGINS.items()),
            "Then: make test-specs SPECS=path/to/the/folder",
        ]
    )


def intercoms(document: Document) -> None:
    """`nullable` without a type: Prism then takes any body. `oneOf` of which one part has all that another
    has: a company's tag is refused. `uri` where its own examples are paths. And a request may have any field
    beside those that are named: here it may not, for none of ours is meant to be unknown."""
    for name, schema in document["components"]["schemas"].items():
        for node in _nodes(schema) if name.endswith("_request") else ():
            if isinstance(node.get("properties"), dict):
                node.setdefault("additionalProperties", False)
    for node in _nodes(document):
        if "type" not in node and node.get("nullable") is True:
            del node["nullable"]
        if isinstance(node.get("oneOf"), list):
            node["anyOf"] = node.pop("oneOf")
        if node.get("format") == "uri":
            del node["format"]


def recurlys(document: Document) -> None:
    """It says of nothing that it may be null, and Recurly's answers have null for all that is not there: the
    end of a list, why a payment failed that did not. Its patterns stand between slashes, and so match
    nothing."""
    for node in _nodes(document["components"]["schemas"]):
        if isinstance(node.get("type"), str):
            node["nullable"] = True
        pattern = node.get("pattern")
        if isinstance(pattern, str) and pattern.startswith("/") and pattern.endswith("/i"):
            node["pattern"] = pattern[1:-2].replace("a-z", "a-zA-Z")


XEROS = (
    "/Organisation", "/Invoices", "/CreditNotes", "/Payments", "/Overpayments", "/Prepayments",
    "/BankTransactions",
)  # fmt: skip


WITHIN = {
    "Invoice",
    "CreditNote",
    "Payment",
    "Overpayment",
    "Prepayment",
    "BatchPayment",
    "Contact",
    "Account",
}


def xeros(document: Document) -> None:
    """Only what is asked of it, and of a document within another only that it is an object: each schema
    stands in many others, and Prism takes minutes for all that they come to."""
    paths = document["paths"]
    document["paths"] = {
        path: {name: paths[path][name] for name in ("parameters", "get") if name in paths[path]}
        for path in XEROS
    }
    for schema in document["components"]["schemas"].values():
        for node in _nodes(schema.get("properties", {})):
            if str(node.get("$ref", "")).rpartition("/")[2] in WITHIN and "example" not in node:
                node.clear()
                node["type"] = "object"
    for name in XEROS[1:]:
        rows = document["components"]["schemas"][name[1:]]["properties"][name[1:]]
        rows["items"] = {"$ref": f"#/components/schemas/{name[1:-1]}"}


def _nodes(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(each)


def write(document: Document, file: Path) -> Path:
    file.write_text(json.dumps(document, default=str))  # YAML has dates
    return file
