"""Our own side door for tests, the demo and benchmarks: reset, faults, the webhook, what happened."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.kit.shapes import (
    Call,
    Delivery,
    FaultRule,
    RecordRule,
    Resend,
    Reset,
    SalesforceRules,
    SlackRules,
    System,
    WebhookRules,
)
from simulators.salesforce.org import Rule
from simulators.salesforce.schema import Field
from simulators.world import world_of

router = APIRouter(prefix="/control")


@router.post("/reset")
async def reset(request: Request, start: Reset | None = None) -> Reset:
    start = start or Reset()
    await world_of(request).reset(start)
    return start


@router.get("/calls")
async def calls(request: Request, system: System | None = None) -> list[Call]:
    return [call for call in world_of(request).calls if system in (None, call.system)]


@router.get("/faults")
async def faults(request: Request) -> list[FaultRule]:
    return world_of(request).faults.all()


@router.post("/faults", status_code=201)
async def add_fault(request: Request, rule: FaultRule) -> FaultRule:
    return world_of(request).faults.add(rule)


@router.delete("/faults", status_code=204)
async def clear_faults(request: Request) -> None:
    world_of(request).faults.clear()


@router.delete("/faults/{id}", status_code=204)
async def remove_fault(request: Request, id: int) -> None:
    if not world_of(request).faults.remove(id):
        raise HTTPException(404, f"no fault rule {id}")


@router.get("/webhook")
async def webhook(request: Request) -> WebhookRules:
    return world_of(request).webhook.rules


@router.put("/webhook")
async def change_webhook(request: Request, rules: WebhookRules) -> WebhookRules:
    """Rules that are not named keep their value."""
    sender = world_of(request).webhook
    sender.rules = sender.rules.model_copy(update=rules.model_dump(exclude_unset=True))
    return sender.rules


@router.post("/webhook/resend", status_code=202)
async def resend(request: Request, wish: Resend | None = None) -> dict[str, Any]:
    """Send a movement's webhook once more; the last one's by default. Answers with its body."""
    sender = world_of(request).webhook
    index = wish.index if wish and wish.index is not None else len(sender.bodies) - 1
    if not 0 <= index < len(sender.bodies):
        raise HTTPException(404, f"no movement {index}")
    sender.resend(index)
    return sender.bodies[index]


@router.get("/webhook/deliveries")
async def deliveries(request: Request) -> list[Delivery]:
    return world_of(request).webhook.deliveries


@router.get("/salesforce/records/{object_name}")
async def records(request: Request, object_name: str) -> list[dict[str, Any]]:
    org = world_of(request).salesforce
    org.fields(object_name)
    return list(org.all(object_name))


@router.patch("/salesforce/records/{object_name}/{id}")
async def change_record(
    request: Request, object_name: str, id: str, values: dict[str, Any]
) -> dict[str, Any]:
    org = world_of(request).salesforce
    org.fields(object_name)
    record = org.get(object_name, id)
    if record is None:
        raise HTTPException(404, f"no {object_name} {id}")
    if unknown := values.keys() - org.fields(object_name).keys():
        raise HTTPException(422, f"{object_name} has no {', '.join(sorted(unknown))}")
    return org.overwrite(object_name, record, values)


@router.put("/salesforce/rules/{id}", status_code=204)
async def add_rule(request: Request, id: str, rule: RecordRule) -> None:
    """Let the org refuse writes of that record."""
    world_of(request).salesforce.rules[id] = Rule(rule.code, rule.message, rule.times, rule.alert)


@router.put("/salesforce")
async def change_salesforce(request: Request, changes: dict[str, Any]) -> SalesforceRules:
    org = world_of(request).salesforce
    org.become(SalesforceRules.model_validate(org.special.model_dump() | changes))
    return org.special


@router.delete("/salesforce/fields/{object_name}/{name}", status_code=204)
async def remove_field(request: Request, object_name: str, name: str) -> None:
    """An org whose admin has not made that field (yet)."""
    fields: dict[str, Field] = world_of(request).salesforce.fields(object_name)
    if fields.pop(name, None) is None:
        raise HTTPException(404, f"{object_name} has no field {name}")


@router.put("/slack")
async def slack_rules(request: Request, rules: SlackRules) -> SlackRules:
    """Those not named keep their value."""
    workspace = world_of(request).slack
    workspace.rules = workspace.rules.model_copy(update=rules.model_dump(exclude_unset=True))
    return workspace.rules


@router.put("/slack/channels/{id}", status_code=204)
async def rename_channel(request: Request, id: str, name: str) -> None:
    world_of(request).slack.rename(id, name)


@router.post("/slack/channels", status_code=204)
async def invite_bot(request: Request, name: str) -> None:
    """To that channel, by id or #name; made where it is not there."""
    world_of(request).slack.invite_bot(name)


@router.post("/people", status_code=204)
async def hire(request: Request, email: str) -> None:
    """An active user of Salesforce, and of Slack; nothing where they are one."""
    world_of(request).salesforce.hire(email)
    world_of(request).slack.join(email)


@router.delete("/slack/messages/{channel}/{ts}", status_code=204)
async def delete_message(request: Request, channel: str, ts: str) -> None:
    """As a person does in Slack."""
    if not world_of(request).slack.delete(channel, ts):
        raise HTTPException(404, f"no message {ts} in {channel}")


@router.get("/slack/messages")
async def messages(request: Request, channel: str | None = None) -> list[dict[str, Any]]:
    """All channels, or one by id or name; oldest first, replies included."""
    workspace = world_of(request).slack
    wanted = [c for c in workspace.channels if channel in (None, c.id, c.name, f"#{c.name}")]
    if not wanted:
        raise HTTPException(404, f"no channel {channel}")
    found = [m | {"channel": c.id} for c in wanted for m in workspace.messages(c.id)]
    return sorted(found, key=lambda message: str(message["ts"]))
