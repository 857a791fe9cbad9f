"""What was made, by the books of the systems, and by what runs say of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from models.effects import Action, Effect
from models.runs import RunResult
from simulators.kit.control import Control

KEY = "Mogulflow_Key__c"
UUID = "CM_Customer_UUID__c"


def names_of(result: RunResult) -> Iterator[str]:
    """As `written` has them: what the run says it has made, where that bears a key. A change has another."""
    return filter(None, map(name_of, result.effects))


def name_of(effect: Effect) -> str | None:
    kinds = {"slack": "message", "gong": "interaction"}
    if effect.system in kinds:
        return f"{kinds[effect.system]} {effect.key}"
    if effect.object_type in ("Task", "Opportunity", "deal") and effect.action is Action.CREATED:
        return f"{effect.object_type} {effect.key}"
    return None


def written(control: Control) -> Counter[str]:
    """How often each thing was made: each key, or each that a customer has one of."""
    marketo = control.ask("GET", "marketo/books")
    keyed = (("Task", KEY), ("Opportunity", KEY), ("Account", UUID), ("Contact", UUID))
    return Counter(
        [
            *(
                f"{name} {each[key]}"
                for name, key in keyed
                for each in control.records(name)
                if each.get(key)
            ),
            *(f"deal {key}" for each in control.hubspot_records("deals") if (key := _key_of_deal(each))),
            *(f"message {each['metadata']['event_payload']['key']}" for each in control.messages()),
            *(
                f"in-app {each['contact']}: {each['body']}"
                for each in control.ask("GET", "intercom/messages")
            ),
            *(f"account {each['external_id']}" for each in control.ask("GET", "connector/accounts")),
            *(f"grant {each['account']}" for each in control.ask("GET", "connector/grants")),
            *(f"lead {each['email']}" for each in marketo["leads"]),
            *(f"request {each['lead']}" for each in marketo["requests"]),
            *(f"list {member}" for each in marketo["lists"].values() for member in each),
            *(f"interaction {each['eventId']}" for each in control.ask("GET", "gong/interactions")),
        ]
    )


def _key_of_deal(deal: dict[str, Any]) -> str | None:
    key: str | None = deal.get("properties", deal).get("mogulflow_key")
    return key
