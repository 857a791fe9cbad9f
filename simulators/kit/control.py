"""Client of the control API, for tests, the demo and benchmarks."""

import ssl
from datetime import datetime
from typing import Any, Literal, Self, TypeVar

import httpx
from pydantic import TypeAdapter

from simulators.kit.shapes import (
    CHARTMOGUL_KEY,
    HUBSPOT_TOKEN,
    Call,
    Case,
    ChartMogulRules,
    Click,
    Clicked,
    CustomerRow,
    Delivery,
    FaultKind,
    FaultRule,
    HubSpotCase,
    HubSpotRules,
    MovementType,
    SalesforceRules,
    System,
    Told,
    WebhookRules,
)

T = TypeVar("T")
Json = dict[str, Any]
MarketoKind = Literal["lists", "programs", "campaigns"]

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP. httpx reads all of certifi's authorities for each client otherwise, which takes
longer than most of what is asked."""


class Control:
    """`url` is what the simulators print when they start."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=30, verify=NO_CERTIFICATES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def chartmogul_url(self) -> str:
        return f"{self.url}/chartmogul/v1"

    @property
    def salesforce_url(self) -> str:
        return f"{self.url}/salesforce"

    @property
    def slack_url(self) -> str:
        return f"{self.url}/slack/api/"

    @property
    def hubspot_url(self) -> str:
        return f"{self.url}/hubspot"

    def reset(self, customers: int = 200, seed: int = 7, **more: Any) -> None:
        """Also how many `movements` and `invoices` a customer has."""
        self.ask("POST", "reset", {"customers": customers, "seed": seed, **more})

    def calls(self, system: System | None = None) -> list[Call]:
        return self._get(list[Call], "calls", system=system)

    def fault(self, system: System, kind: FaultKind, **options: Any) -> FaultRule:
        """Options are FaultRule's fields; a rule strikes once unless `times` says otherwise."""
        rule = {"system": system, "kind": kind, **options}
        return FaultRule.model_validate(self.ask("POST", "faults", rule))

    def faults(self) -> list[FaultRule]:
        return self._get(list[FaultRule], "faults")

    def remove_fault(self, id: int) -> None:
        self.ask("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        self.ask("DELETE", "faults")

    def customers(self, limit: int = 50, offset: int = 0, case: Case | None = None) -> list[CustomerRow]:
        path = "chartmogul/customers"
        return self._get(list[CustomerRow], path, limit=limit, offset=offset, case=case)

    def customer(self, uuid: str) -> CustomerRow:
        return self._get(CustomerRow, f"chartmogul/customers/{uuid}")

    def cancel(
        self,
        uuid: str,
        reason: str | None = None,
        at: datetime | None = None,
        send: bool = True,
        known_after_seconds: float = 0.0,
    ) -> Json:
        """The webhook's body; ChartMogul sends none for what it learns of after 12 hours or more."""
        wish: Json = {"reason": reason, "at": at and at.isoformat(), "send": send}
        wish["known_after_seconds"] = known_after_seconds
        return self._json("POST", f"chartmogul/customers/{uuid}/cancel", wish)

    def odd(self, uuid: str, field: str, raw: str) -> None:
        """From now on ChartMogul's lists, and a customer's own page, send this JSON, or none, there."""
        self.ask("POST", "chartmogul/odd", {"uuid": uuid, "field": field, "raw": raw})

    def cancel_many(
        self, count: int, *, case: Case | None = None, send: bool = True, over_seconds: float = 0.0
    ) -> list[Json]:
        """The next paying customers; their webhooks' bodies."""
        wish = {"count": count, "case": case, "send": send, "over_seconds": over_seconds}
        found: list[Json] = self.ask("POST", "chartmogul/cancel", wish)
        return found

    def reactivate(self, uuid: str, **wish: Any) -> Json:
        return self._json("POST", f"chartmogul/customers/{uuid}/reactivate", wish)

    def subscribe(self, uuid: str, cents: int | None = None, **wish: Any) -> Json:
        """One more subscription."""
        return self._json("POST", f"chartmogul/customers/{uuid}/subscribe", {"cents": cents, **wish})

    def pay(self, uuid: str, *, failed: bool) -> None:
        """What became of the payment of the customer's last invoice."""
        self.ask("POST", f"chartmogul/customers/{uuid}/payment", {"failed": failed})

    def expand(self, uuid: str, cents: int | None = None, **wish: Any) -> Json:
        return self._json("POST", f"chartmogul/customers/{uuid}/expand", {"cents": cents, **wish})

    def contract(self, uuid: str, cents: int | None = None, **wish: Any) -> Json:
        return self._json("POST", f"chartmogul/customers/{uuid}/contract", {"cents": cents, **wish})

    def add_note(self, uuid: str, text: str) -> Json:
        """Through ChartMogul's own API."""
        note = {"customer_uuid": uuid, "type": "note", "text": text}
        url = f"{self.chartmogul_url}/customer_notes"
        return self._vendor("POST", url, note)

    def delete_customer(self, uuid: str) -> None:
        """Through ChartMogul's own API, as the next three."""
        self._vendor("DELETE", f"{self.chartmogul_url}/customers/{uuid}")

    def disable_invoice(self, uuid: str, *, disabled: bool = True) -> Json:
        url = f"{self.chartmogul_url}/invoices/{uuid}/disabled_state"
        return self._vendor("PATCH", url, {"disabled": disabled})

    def rename_plan(self, uuid: str, name: str) -> Json:
        return self._vendor("PATCH", f"{self.chartmogul_url}/plans/{uuid}", {"name": name})

    def tag(self, customer_uuid: str, *tags: str) -> Json:
        url = f"{self.chartmogul_url}/customers/{customer_uuid}/attributes/tags"
        return self._vendor("POST", url, {"tags": list(tags)})

    def set_attribute(self, customer_uuid: str, name: str, value: Any) -> None:
        """Under any name, and of any type: as it may have got there long ago."""
        self.ask("POST", f"chartmogul/customers/{customer_uuid}/attribute", {"key": name, "value": value})

    def attributes(self, customer_uuid: str) -> Json:
        """Tags and custom attributes, as a caller of ChartMogul's API reads them."""
        return self._vendor("GET", f"{self.chartmogul_url}/customers/{customer_uuid}/attributes")

    def subscription_events(self) -> list[Json]:
        """Newest first, those that are disabled as well."""
        return self._get(list[Json], "chartmogul/events")

    def patch_customer(self, uuid: str, **fields: Any) -> Json:
        """Through ChartMogul's own API."""
        return self._vendor("PATCH", f"{self.chartmogul_url}/customers/{uuid}", fields)

    def patch_event(self, id: str, **fields: Any) -> Json:
        event = {"subscription_event": {"id": id, **fields}}
        return self._vendor("PATCH", f"{self.chartmogul_url}/subscription_events", event)

    def restate(
        self,
        uuid: str,
        *,
        cents: int | None = None,
        type: MovementType | None = None,
        at: datetime | None = None,
        index: int = -1,
        whole_history: bool = False,
        new_ids: bool = True,
    ) -> Json:
        """As a recalculation does, without a webhook; the movement's row in /activities. `index` counts
        the customer's movements since the last reset, in the order in which they were made; with
        `whole_history` all that it has, oldest first."""
        wish = {"cents": cents, "type": type, "at": at and at.isoformat(), "index": index}
        wish |= {"whole_history": whole_history, "new_ids": new_ids}
        return self._json("POST", f"chartmogul/customers/{uuid}/restate", wish)

    def withdraw(self, uuid: str, index: int = -1, *, whole_history: bool = False) -> None:
        """That movement never was; a webhook that waits for its day does not go out."""
        wish = {"index": index, "whole_history": whole_history}
        self.ask("POST", f"chartmogul/customers/{uuid}/withdraw", wish)

    def hide(self, uuid: str, index: int = -1, *, whole_history: bool = False) -> None:
        """/activities leaves that movement out, as a fault of its pages would, until `show`."""
        wish = {"index": index, "whole_history": whole_history}
        self.ask("POST", f"chartmogul/customers/{uuid}/hide", wish)

    def show(self) -> None:
        self.ask("POST", "chartmogul/show")

    def merge(self, from_uuid: str, into_uuid: str) -> None:
        self.ask("POST", f"chartmogul/customers/{from_uuid}/merge", {"into": into_uuid})

    def reissue(self) -> None:
        """Let ChartMogul compute everything anew: the same movements under other ids."""
        self.ask("POST", "chartmogul/reissue")

    def chartmogul(self, **rules: Any) -> ChartMogulRules:
        """Rules are ChartMogulRules' fields; those not named keep their value."""
        return ChartMogulRules.model_validate(self.ask("PUT", "chartmogul", rules))

    def webhook(self, **rules: Any) -> WebhookRules:
        """Rules are WebhookRules' fields; those not named keep their value."""
        return WebhookRules.model_validate(self.ask("PUT", "webhook", rules))

    def billing_webhook(self, system: System, url: str) -> None:
        """Where that simulated billing system sends its webhooks."""
        self.ask("PUT", system, {"webhook": url})

    def put_books(self, *subscriptions: Json, **more: Any) -> None:
        """The book of truth anew: subscriptions with TrueSubscription's fields, and more of Books'."""
        rows = [{name: _as_json(value) for name, value in row.items()} for row in subscriptions]
        self.ask("PUT", "books", {"subscriptions": rows, **more})

    def resend(self, index: int | None = None) -> Json:
        return self._json("POST", "webhook/resend", {"index": index})

    def deliveries(self) -> list[Delivery]:
        return self._get(list[Delivery], "webhook/deliveries")

    def records(self, object_name: str) -> list[Json]:
        return self._get(list[Json], f"salesforce/records/{object_name}")

    def add_record(self, object_name: str, **values: Any) -> Json:
        """As a person in Salesforce does."""
        return self._json("POST", f"salesforce/records/{object_name}", values)

    def change_record(self, object_name: str, id: str, **values: Any) -> Json:
        return self._json("PATCH", f"salesforce/records/{object_name}/{id}", values)

    def delete_record(self, object_name: str, id: str) -> None:
        self.ask("DELETE", f"salesforce/records/{object_name}/{id}")

    def refuse_record(self, id: str, **rule: Any) -> None:
        """Let Salesforce refuse writes of that record; `rule` has RecordRule's fields."""
        self.ask("PUT", f"salesforce/rules/{id}", rule)

    def remove_field(self, object_name: str, name: str) -> None:
        self.ask("DELETE", f"salesforce/fields/{object_name}/{name}")

    def salesforce(self, **rules: Any) -> SalesforceRules:
        """Rules are SalesforceRules' fields; those not named keep their value."""
        return SalesforceRules.model_validate(self.ask("PUT", "salesforce", rules))

    def messages(self, channel: str | None = None) -> list[Json]:
        return self._get(list[Json], "slack/messages", channel=channel)

    def slack(self, history_lag_seconds: float | None = None, **rules: Any) -> None:
        """Rules are SlackRules' fields; those not named keep their value."""
        named = {} if history_lag_seconds is None else {"history_lag_seconds": history_lag_seconds}
        self.ask("PUT", "slack", named | rules)

    def rename_channel(self, id: str, name: str) -> None:
        self.ask("PUT", f"slack/channels/{id}", query={"name": name})

    def invite_bot(self, channel: str) -> None:
        """To that channel of Slack, by id or #name; made where it is not there."""
        self.ask("POST", "slack/channels", query={"name": channel})

    def hire(self, email: str) -> None:
        """An active user of Salesforce, and of Slack; nothing where they are one."""
        self.ask("POST", "people", query={"email": email})

    def add_to_marketo(self, kind: MarketoKind, name: str) -> None:
        """Nothing where there is one of that name, or its id is given."""
        there = self.ask("GET", f"marketo/{kind}")
        if not any(name in (each["name"], str(each["id"])) for each in there):
            self.ask("POST", f"marketo/{kind}", query={"name": name})

    def delete_message(self, channel: str, ts: str) -> None:
        self.ask("DELETE", f"slack/messages/{channel}/{ts}")

    def say(self, channel_id: str, user_id: str, text: str) -> Json:
        """In Slack, as a person."""
        query = {"channel": channel_id, "user": user_id, "text": text}
        found: Json = self.ask("POST", "slack/messages", query=query)
        return found

    def interactivity(self, url: str | None, **more: Any) -> None:
        """Where Slack sends clicks on buttons; also its `signing_secret`."""
        self.ask("PUT", "slack/interactivity", {"url": url, **more})

    def click(self, channel: str, ts: str, action_id: str, user: str, times: int = 1) -> list[Clicked]:
        """As a person in Slack does; `user` is an id or an e-mail address."""
        wish = Click(channel=channel, ts=ts, action_id=action_id, user=user, times=times)
        found = self.ask("POST", "slack/clicks", wish.model_dump())
        return TypeAdapter(list[Clicked]).validate_python(found)

    def told(self) -> list[Told]:
        """What the app has said to single persons in Slack, in answer to clicks."""
        return self._get(list[Told], "slack/told")

    def _vendor(self, method: str, url: str, body: Json | None = None) -> Json:
        answer = self._http.request(method, url, json=body, auth=(CHARTMOGUL_KEY, ""))
        found: Json = answer.raise_for_status().json() if answer.content else {}
        return found

    def hubspot(self, **rules: Any) -> HubSpotRules:
        """Rules are HubSpotRules' fields; those not named keep their value."""
        return HubSpotRules.model_validate(self.ask("PUT", "hubspot", rules))

    def hubspot_customers(self, case: HubSpotCase, limit: int = 50) -> list[CustomerRow]:
        """Customers of whom HubSpot knows that much."""
        return self._get(list[CustomerRow], "hubspot/customers", case=case, limit=limit)

    def hubspot_records(self, object_type: str, *, all: bool = False) -> list[Json]:
        """Records made or changed since the last reset, newest last; or all, by id."""
        return self._get(list[Json], f"hubspot/records/{object_type}", all=all)

    def add_hubspot_record(self, object_type: str, **values: str) -> Json:
        """As a person in HubSpot does."""
        return self._json("POST", f"hubspot/records/{object_type}", values)

    def change_hubspot_record(self, object_type: str, id: str, **values: str | None) -> Json:
        return self._json("PATCH", f"hubspot/records/{object_type}/{id}", values)

    def delete_hubspot_record(self, object_type: str, id: str) -> None:
        self.ask("DELETE", f"hubspot/records/{object_type}/{id}")

    def associate_hubspot_records(self, contact: str, company: str) -> None:
        """By their ids, as any client of HubSpot's API does."""
        url = f"{self.hubspot_url}/crm/associations/2026-09/contacts/companies/batch/associate/default"
        body = {"inputs": [{"from": {"id": contact}, "to": {"id": company}}]}
        headers = {"Authorization": f"Bearer {HUBSPOT_TOKEN}"}
        self._http.post(url, json=body, headers=headers).raise_for_status()

    def _get(self, shape: type[T], path: str, **query: Any) -> T:
        given = {name: value for name, value in query.items() if value is not None}
        return TypeAdapter(shape).validate_python(self.ask("GET", path, None, given))

    def _json(self, method: str, path: str, body: Json) -> Json:
        body = {name: _as_json(value) for name, value in body.items()}
        found: Json = self.ask(method, path, body)
        return found

    def ask(self, method: str, path: str, body: Json | None = None, query: Json | None = None) -> Any:
        """Any path below /control: also those of a vendor that has no methods here."""
        answer = self._http.request(method, f"/control/{path}", json=body, params=query)
        if answer.is_error:
            raise RuntimeError(f"{method} /control/{path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
