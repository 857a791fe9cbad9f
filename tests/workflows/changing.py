"""Changes as tests ask for them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from models.canonical import digest_of
from models.changes import AnyChange, Asker, ChangeInput, MatchedRule, RunUndo, TagChange, Then
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY

OWNER = "ana@vendor.example"
BOT = Asker(name="churn-bot", kind="agent", owner=OWNER)
PERSON = Asker(name="ben@laptop", kind="person", owner="ben@laptop")
ALLOW = MatchedRule(number=1, said="change_tags: allow", then=Then.ALLOW)
BY_HAND = MatchedRule(number=0, said="a person at the command line", then=Then.ALLOW)


def asks(approvers: int = 1, within: timedelta = timedelta(hours=1)) -> MatchedRule:
    return MatchedRule(number=2, said="*: ask", then=Then.ASK, approvers=approvers, within=within)


def change_of(change: AnyChange, rule: MatchedRule = ALLOW, **more: Any) -> ChangeInput:
    arguments = digest_of(change.model_dump(mode="json"))
    given: dict[str, Any] = {
        "account": "default",
        "tool": change.kind,
        "change": change,
        "asker": BOT,
        "reason": "for a test",
        "rule": rule,
        "digest": digest_of("default", BOT.name, arguments),
        "arguments": arguments,
        "asked_at": datetime.now(UTC),
    }
    return ChangeInput.model_validate(given | more)


def undo_of(
    workflow_id: str, key: str = "", dry_run: bool = False, reason: str = "for a test", **more: Any
) -> ChangeInput:
    change = RunUndo(workflow_id=workflow_id, **more)
    digest = digest_of(workflow_id, key, dry_run)
    return change_of(change, BY_HAND, asker=PERSON, digest=digest, dry_run=dry_run, reason=reason)


def tagging(simulators: Control, tag: str = "vip", number: int = 0) -> TagChange:
    return TagChange(customer_uuid=simulators.customers()[number].uuid, add=[tag])


def tags(simulators: Control, uuid: str) -> list[str]:
    """As ChartMogul answers them."""
    url = f"{simulators.url}/chartmogul/v1/customers/{uuid}/attributes"
    return list(httpx.get(url, auth=(CHARTMOGUL_KEY, "")).json()["tags"])
