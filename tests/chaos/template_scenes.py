"""What happens to customers for each template, and the calls that its run makes of it: where it is killed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from clients.kit.stretches import LAG
from dispatch.deliveries import Delivery, event_of
from models.event import Event
from simulators.kit.control import Control
from simulators.kit.shapes import Case, CustomerRow
from tests.chaos import FULL
from tests.workflows.template_runs import movement

CUSTOMERS = 8000 if FULL else 2000
STRIPE_LISTS_AFTER = 2 * LAG

ROUTES = """
routes:
  - {name: onboarding-campaign, template: onboarding, pause_above: 0,
     when: {movements: [new_biz, reactivation], minimum_mrr: 500},
     options: {channel: "#revenue-saves", crm: null, settling_seconds: 0.2, marketo: {campaign: Welcome}}}
  - {name: onboarding, template: onboarding, pause_above: 0,
     when: {movements: [new_biz, reactivation]},
     options: {channel: "#revenue-saves", crm: salesforce, settling_seconds: 0.2,
               calls: [my_product.create_account, my_product.grant_wiki],
               marketo: {static_list: Onboarding}}}
  - {name: expansion-deal, template: expansion, pause_above: 0,
     when: {movements: [expansion], minimum_mrr: 500},
     options: {channel: "#revenue-saves", settling_seconds: 0.2, log_in: note,
               deal: {stage: Appointment scheduled}}}
  - {name: expansion, template: expansion, pause_above: 0,
     when: {movements: [expansion]},
     options: {channel: "#revenue-saves", settling_seconds: 0.2, merge_within_days: 1,
               opportunity: {stage: Prospecting, fallback_owner: revops@mogulflow.example}}}
  - {name: failed-payment, template: failed_payment, pause_above: 0,
     when: {events: [failed_payment]},
     options: {channel: "#revenue-saves", check_every_hours: 0.0014,
               message: {text: "Hello {customer}, please pay {amount}: {link}"},
               tag: {system: intercom, tag: unpaid}}}
  - {name: churn-risk, template: churn_risk, pause_above: 0,
     when: {movements: [contraction]},
     options: {channel: "#revenue-saves", settling_seconds: 0.2,
               task: {fallback_owner: revops@mogulflow.example},
               tag: {system: zendesk, tag: at_risk}}}
  - {name: churn-save, template: churn_save, pause_above: 0,
     when: {movements: [churn]},
     options: {channel: "#revenue-saves", settling_seconds: 0.2, check_back_days: [],
               task: {fallback_owner: revops@mogulflow.example}}}
  - {name: call-api, template: call_api, pause_above: 0,
     when: {movements: [churn]},
     options: {calls: [my_product.create_account, my_product.grant_wiki]}}
  - {name: customer-sync, template: customer_sync, pause_above: 0,
     when: {movements: [churn]},
     options: {systems: [salesforce], settling_seconds: 0.2}}
"""


@dataclass(frozen=True)
class Call:
    """`words` tell it from others of its path. `theirs` where it names the customer, by e-mail or an id known
    before; `shared` where it is made once in a process, or for several, as for a token."""

    system: str
    path: str
    words: str = ""
    method: str | None = None
    theirs: bool = True
    shared: bool = False

    @property
    def name(self) -> str:
        return f"{self.system} {self.path} {self.words}".strip()


@dataclass(frozen=True)
class Happening:
    """One customer's, who has no other; not told yet. `run` is the id of its run."""

    run: str
    customer: CustomerRow
    marks: list[str]
    path: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    invoice: str = ""


Happen = Callable[[Control], Iterator[Happening]]


@dataclass(frozen=True)
class Scene:
    name: str
    template: str
    calls: list[Call]
    happen: Happen


def marks_of(event: Event, customer: CustomerRow, *more: str) -> list[str]:
    own = (customer.uuid, customer.external_id, customer.email)
    return [*own, event.event_id, event.run_key, *more]


def happening(template: str, customer: CustomerRow, body: dict[str, Any]) -> Happening:
    """That movement's."""
    event = movement(body)
    marks = marks_of(event, customer)
    return Happening(f"{template}/{event.run_key}", customer, marks, "chartmogul", json.dumps(body))


def reactivated(control: Control, *, part: int, cents: int, parts: int = 2) -> Iterator[Happening]:
    """Of whom Salesforce knows nothing, so that account and contact are made. `part`, from 0 on: of so many
    scenes, whose customers these are."""
    unknown = [each for each in control.customers(limit=CUSTOMERS, case="none") if each.mrr and each.email]
    for each in unknown[part::parts]:
        control.cancel(each.uuid, at=datetime.now(UTC) - timedelta(days=2), send=False)
        yield happening("onboarding", each, control.reactivate(each.uuid, cents=cents, send=False))


def cancelled(control: Control) -> Iterator[Happening]:
    """Of whom Salesforce knows too little, or too much."""
    cases: tuple[Case, ...] = ("contact_only", "several", "inactive_owner")
    for case in cases:
        for each in control.customers(limit=CUSTOMERS, case=case):
            if each.mrr:
                yield happening("churn_save", each, control.cancel(each.uuid, send=False))


def payers(control: Control, part: int) -> list[CustomerRow]:
    """A quarter of them: 0 and 3 expand, 1 contract, 2 do not pay."""
    return [each for each in control.customers(limit=CUSTOMERS, case="account") if each.mrr][part::4]


def expanded(control: Control, *, part: int = 0, cents: int = 5000) -> Iterator[Happening]:
    """`part`: 0 or 3, as the others are of other scenes."""
    for each in payers(control, part):
        yield happening("expansion", each, control.expand(each.uuid, cents, send=False))


def tagged_by_zendesk(control: Control, customers: list[CustomerRow]) -> Iterator[CustomerRow]:
    """Those who are known there."""
    known = control.ask("GET", "zendesk/customers", query={"case": "known", "limit": CUSTOMERS})
    uuids = {each["uuid"] for each in known}
    return (each for each in customers if each.uuid in uuids)


def contracted(control: Control) -> Iterator[Happening]:
    for each in tagged_by_zendesk(control, payers(control, 1)):
        yield happening("churn_risk", each, control.contract(each.uuid, 500, send=False))


def invoices_of(control: Control, customers: list[CustomerRow]) -> Iterator[tuple[CustomerRow, str]]:
    """One that is paid, of each who has one and is known to Intercom."""
    users = control.ask("GET", "intercom/customers", query={"case": "user", "limit": CUSTOMERS})
    known = {each["uuid"] for each in users}
    for each in customers:
        bills = control.ask("GET", "stripe/invoices", query={"customer": each.external_id})
        found = [bill["id"] for bill in bills if bill["status"] == "paid"]
        if each.uuid in known and found:
            yield each, found[0]


def unpaid(control: Control) -> Iterator[Happening]:
    for each, invoice in invoices_of(control, payers(control, 2)):
        at = (datetime.now(UTC) - STRIPE_LISTS_AFTER).isoformat()
        wish = {"send": False, "at": at}
        told = control.ask("POST", f"stripe/invoices/{invoice}/fail_payment", wish)
        event = event_of(Delivery("stripe", "default", told["body"].encode()))
        yield Happening(
            f"failed_payment/{event.run_key}",
            each,
            marks_of(event, each, invoice),
            "stripe",
            told["body"],
            told["headers"],
            invoice,
        )


def _shared(system: str, *paths: str) -> list[Call]:
    return [Call(system, path, shared=True, theirs=False) for path in paths]


READ_BACK = [
    Call("chartmogul", r"/customers/[^/]+$"),
    Call("chartmogul", r"/subscriptions$"),
    Call("chartmogul", r"/activities$"),
    Call("chartmogul", r"/customer_notes$"),
]
OWNER = [
    Call("salesforce", r"/query", "FROM Contact"),
    Call("salesforce", r"/query", "FROM Account"),
]
ALERT = [
    Call("slack", r"/chat\.postMessage$"),
    *_shared("slack", r"/conversations\.history$", r"/users\.conversations$", r"/auth\.test$"),
]
MEMBER = _shared("slack", r"/users\.lookupByEmail$")
LEAD = [
    Call("marketo", r"/v1/leads\.json$", r"\?_method=GET"),
    Call("marketo", r"/v1/leads\.json$", r"\?\n"),
    *_shared("marketo", r"/oauth/token$", r"/describe2\.json$"),
]

SCENES = [
    Scene(
        "onboarding",
        "onboarding",
        [
            *READ_BACK,
            Call("chartmogul", r"/invoices$"),
            *_shared("chartmogul", r"/v1/account$"),
            *_shared("salesforce", r"/oauth2/token$", r"/Account/describe$", r"/Contact/describe$"),
            *OWNER,
            Call("salesforce", r"/sobjects/Account/"),
            Call("salesforce", r"/sobjects/Contact/"),
            Call("connector", r"/accounts$", method="GET"),
            Call("connector", r"/accounts$", method="POST"),
            Call("connector", r"/access$", theirs=False),
            *LEAD,
            Call("marketo", r"/ismember\.json$", theirs=False),
            Call("marketo", r"/lists/\d+/leads\.json$", theirs=False),
            *_shared("marketo", r"/staticList/byName\.json$"),
            *MEMBER,
            *ALERT,
        ],
        partial(reactivated, part=0, cents=4900),
    ),
    Scene(
        "onboarding with a campaign",
        "onboarding",
        [
            *LEAD[:2],
            Call("marketo", r"/campaigns/\d+/trigger\.json$", theirs=False),
            *_shared("marketo", r"/smartCampaign/byName\.json$"),
        ],
        partial(reactivated, part=1, cents=90_000),
    ),
    Scene(
        "failed payment",
        "failed_payment",
        [
            *READ_BACK,
            Call("chartmogul", r"/customers$"),
            Call("stripe", r"/invoices/"),
            Call("intercom", r"/find_by_external_id/"),
            Call("intercom", r"/messages$", theirs=False),
            Call("intercom", r"/contacts/\w+/tags$", method="GET", theirs=False),
            Call("intercom", r"/api/tags$", theirs=False),
            Call("intercom", r"/contacts/\w+/tags$", method="POST", theirs=False),
            *_shared("intercom", r"/me$"),
            *ALERT,
        ],
        unpaid,
    ),
    Scene(
        "expansion",
        "expansion",
        [
            *READ_BACK,
            *OWNER,
            *_shared("salesforce", r"/oauth2/token$", r"/Opportunity/describe$", r"/connect/organization$"),
            Call("salesforce", r"/query", "FROM Opportunity"),
            Call("salesforce", r"/sobjects/Opportunity/"),
            Call("gong", r"/digital-interaction$"),
            *MEMBER,
            *ALERT,
        ],
        expanded,
    ),
    Scene(
        "churn risk",
        "churn_risk",
        [
            *READ_BACK,
            *OWNER,
            *_shared("salesforce", r"/oauth2/token$"),
            Call("salesforce", r"/query", "FROM Task"),
            Call("salesforce", r"/sobjects/Task/"),
            Call("zendesk", r"/users/search$"),
            Call("zendesk", r"/users/\d+/tags$", method="GET", theirs=False),
            Call("zendesk", r"/users/\d+/tags$", method="PUT", theirs=False),
            *MEMBER,
            *ALERT,
        ],
        contracted,
    ),
]
