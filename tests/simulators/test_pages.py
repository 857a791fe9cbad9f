"""Pages: they show what there is, escaped, and their buttons do what they say."""

import json
from urllib.parse import parse_qs

import httpx
import pytest

from simulators.kit.control import Control
from tests.contracts.scripted import Reply, ScriptedServer
from tests.simulators.conftest import Receiver
from tests.waiting import until_blocking

HOSTILE = "<script>alert('&')</script>"
SHOWN = "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"


def test_index_leads_to_all(http: httpx.Client) -> None:
    page = http.get("/").text
    for path in ("/chartmogul/", "/salesforce/", "/slack/", "/hubspot/", "/faults"):
        assert f'href="{path}"' in page
        assert http.get(path, follow_redirects=True).status_code == 200
    assert http.get("/style.css").headers["content-type"].startswith("text/css")


def test_cancel_button_cancels(simulators: Control, http: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    path = f"/chartmogul/customers/{row.uuid}"
    assert "Cancel this customer" in http.get(path).text
    answer = http.post(f"{path}/cancel", data={"reason": HOSTILE})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert simulators.customer(row.uuid).status == "Cancelled"
    page = http.get(path).text
    assert SHOWN in page
    assert HOSTILE not in page


def test_period_end_button_schedules_the_cancellation(simulators: Control, http: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    path = f"/chartmogul/customers/{row.uuid}"
    assert "Cancel at period end" in http.get(path).text
    assert http.post(f"{path}/cancel", data={"how": "at_period_end"}).status_code == 303
    assert simulators.customer(row.uuid).status == "Active"
    assert 'class="pill">scheduled' in http.get(path).text
    answer = http.post(f"{path}/cancel")
    assert (answer.status_code, simulators.deliveries()) == (409, [])
    assert "the cancellation is scheduled for" in answer.text


def test_webhook_of_a_cancellation_may_be_lost(
    simulators: Control, http: httpx.Client, receiver: Receiver
) -> None:
    lost, sent = simulators.customers(limit=2)
    path = f"/chartmogul/customers/{lost.uuid}"
    assert "Cancel, and lose the webhook" in http.get(path).text
    http.post(f"{path}/cancel", data={"how": "without_webhook", "reason": "Silent"})
    assert simulators.customer(lost.uuid).status == "Cancelled"
    http.post(f"/chartmogul/customers/{sent.uuid}/cancel")
    until_blocking(lambda: len(simulators.deliveries()) == 1)
    assert [body["customer"]["uuid"] for body in receiver.bodies] == [sent.uuid]


def test_reactivate_button_brings_back(simulators: Control, http: httpx.Client) -> None:
    row = simulators.customers(limit=1)[0]
    simulators.cancel(row.uuid)
    assert http.post(f"/chartmogul/customers/{row.uuid}/reactivate").status_code == 303
    assert simulators.customer(row.uuid).status == "Active"


@pytest.mark.parametrize(
    ("button", "kind", "sign"),
    [("Expand", "expand", 1), ("Downgrade", "contract", -1), ("New subscription", "subscribe", 1)],
)
def test_each_change_has_a_button_and_its_webhook(
    simulators: Control, http: httpx.Client, receiver: Receiver, button: str, kind: str, sign: int
) -> None:
    row = simulators.customers(limit=1)[0]
    path = f"/chartmogul/customers/{row.uuid}"
    assert f'action="{path}/{kind}"><button>{button}<' in http.get(path).text
    assert http.post(f"{path}/{kind}").status_code == 303
    assert (simulators.customer(row.uuid).mrr - row.mrr) * sign > 0
    until_blocking(lambda: len(receiver.bodies) == 1)
    wanted = "contraction" if sign < 0 else "expansion"
    assert receiver.bodies[0]["movement_type"] == wanted


def test_who_cancels_one_of_two_subscriptions_pays_less_and_has_not_left(
    simulators: Control, http: httpx.Client
) -> None:
    row = simulators.customers(limit=1)[0]
    http.post(f"/chartmogul/customers/{row.uuid}/subscribe")
    types = [simulators.cancel(row.uuid)["movement_type"] for _ in range(2)]
    assert types == ["contraction", "churn"]
    assert simulators.customer(row.uuid).status == "Cancelled"
    answer = http.post(f"/chartmogul/customers/{row.uuid}/subscribe")
    assert (answer.status_code, "no active subscription" in answer.text) == (409, True)


def test_a_payment_fails_and_is_collected(
    simulators: Control, http: httpx.Client, chartmogul: httpx.Client
) -> None:
    row = simulators.customers(limit=1)[0]
    path = f"/chartmogul/customers/{row.uuid}"

    def last_invoice() -> tuple[str, str]:
        query = {"customer_uuid": row.uuid}
        invoice = chartmogul.get("/invoices", params=query).json()["invoices"][0]
        return invoice["status"], invoice["transactions"][0]["result"]

    assert "Fail a payment" in http.get(path).text
    assert http.post(f"{path}/payment", data={"failed": "true"}).status_code == 303
    assert (simulators.customer(row.uuid).status, last_invoice()) == ("Past Due", ("open", "failed"))
    assert "Collect the payment" in http.get(path).text
    http.post(f"{path}/payment", data={"failed": "false"})
    assert (simulators.customer(row.uuid).status, last_invoice()) == ("Active", ("paid", "successful"))
    simulators.cancel(row.uuid)
    assert http.post(f"{path}/payment", data={"failed": "true"}).status_code == 409


def test_second_press_says_why_not(simulators: Control, http: httpx.Client) -> None:
    path = f"/chartmogul/customers/{simulators.customers(limit=1)[0].uuid}/cancel"
    http.post(path)
    answer = http.post(path)
    assert answer.status_code == 409
    assert "no active subscription" in answer.text


def test_awkward_names_are_escaped(http: httpx.Client) -> None:
    page = http.get("/chartmogul/").text
    assert "Müller &lt;Söhne&gt;" in page
    assert "Müller <Söhne>" not in page


@pytest.mark.parametrize("text", ["Harbour Foods", "zoe.lind@harbour-1.example", "cus_N1001"])
def test_search_finds(http: httpx.Client, text: str) -> None:
    page = http.get("/chartmogul/", params={"q": text}).text
    assert "Zoë Lind" in page
    assert "Birch Labs" not in page
    assert "1 of 200 match" in page


def test_customers_go_over_several_pages(http: httpx.Client) -> None:
    assert "Page 2 of 4" in http.get("/chartmogul/", params={"page": 2}).text


def test_task_page_shows_its_fields(
    simulators: Control, salesforce: httpx.Client, http: httpx.Client
) -> None:
    account = simulators.records("Account")[0]
    fields = {"Subject": HOSTILE, "Description": "See http://127.0.0.1/x", "WhatId": account["Id"]}
    task = salesforce.patch("/sobjects/Task/Mogulflow_Key__c/k1", json=fields).json()["id"]
    page = http.get(f"/salesforce/lightning/r/Task/{task}/view").text
    assert SHOWN in page
    assert f'href="/salesforce/lightning/r/Account/{account["Id"]}/view">{account["Name"]}' in page
    assert '<a href="http://127.0.0.1/x"' in page
    for list_page in ("o/Task/list", f"r/Account/{account['Id']}/view"):
        assert SHOWN in http.get(f"/salesforce/lightning/{list_page}").text


def test_salesforce_shows_opportunities_and_posts_of_an_account(
    simulators: Control, salesforce: httpx.Client, http: httpx.Client
) -> None:
    account = simulators.records("Account")[0]
    fields = {"Name": HOSTILE, "AccountId": account["Id"], "StageName": "Closed Won", "Amount": 1234.5}
    made = salesforce.patch(
        "/sobjects/Opportunity/Mogulflow_Key__c/k1", json=fields | {"CloseDate": "2026-12-31"}
    ).json()["id"]
    salesforce.post("/sobjects/FeedItem/", json={"ParentId": account["Id"], "Body": HOSTILE})
    for page in ("o/Opportunity/list", f"r/Opportunity/{made}/view", f"r/Account/{account['Id']}/view"):
        text = http.get(f"/salesforce/lightning/{page}").text
        assert SHOWN in text
        assert HOSTILE not in text
    assert "1,234.50" in http.get("/salesforce/lightning/o/Opportunity/list").text
    assert "1 opportunity" in http.get("/").text


def test_message_is_drawn_from_its_blocks(slack: httpx.Client, http: httpx.Client) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": f":tada: {HOSTILE}"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*a &amp; b* <@U0002> <!x>"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "<http://x.example|_see_>"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small `code`"}]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "http://y/"}
            ],
        },
    ]
    content = {"channel": "C0SAVES", "text": "plain", "blocks": blocks}
    parent = slack.post("chat.postMessage", json=content).json()["ts"]
    slack.post("chat.postMessage", json={"channel": "C0SAVES", "text": "answer", "thread_ts": parent})
    page = http.get("/slack/archives/C0SAVES").text
    assert f"<h3>🎉 {SHOWN}</h3>" in page
    assert '<strong>a &amp; b</strong> <span class="mention">@Maya Okafor</span>' in page
    assert '<a href="http://x.example">_see_</a>' in page
    assert "<code>code</code>" in page
    assert 'href="http://y/">Go</a>' in page
    assert page.index("1 reply") < page.index("answer")


@pytest.mark.parametrize("text", ["<javascript:alert(1)|x>", HOSTILE, "&lt;b&gt; <b>"])
def test_hostile_mrkdwn_stays_text(slack: httpx.Client, http: httpx.Client, text: str) -> None:
    slack.post("chat.postMessage", json={"channel": "C0SAVES", "text": text})
    page = http.get("/slack/archives/C0SAVES").text
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert "<b>" not in page


def test_fault_panel_adds_and_removes(simulators: Control, http: httpx.Client, slack: httpx.Client) -> None:
    form = {"system": "slack", "kind": "status", "status": "503", "path": "", "times": "2"}
    assert http.post("/faults", data=form | {"for_ever": "on"}).status_code == 303
    (rule,) = simulators.faults()
    assert (rule.system, rule.status, rule.path, rule.times) == ("slack", 503, None, None)
    assert slack.get("auth.test").status_code == 503
    assert "1 of ∞" in http.get("/faults").text
    http.post(f"/faults/{rule.id}/remove")
    assert simulators.faults() == []


def test_fault_panel_says_what_is_wrong(simulators: Control, http: httpx.Client) -> None:
    answer = http.post("/faults", data={"system": "slack", "kind": "status", "path": "("})
    assert answer.status_code == 422
    assert "no regular expression" in answer.text


def test_fault_panel_sets_the_webhook(simulators: Control, http: httpx.Client) -> None:
    url = simulators.webhook().url
    http.post("/faults/webhook", data={"url": url or "", "loss": "0.5", "reorder": "true"})
    rules = simulators.webhook()
    assert (rules.url, rules.loss, rules.reorder) == (url, 0.5, True)


@pytest.mark.parametrize(
    "path",
    ["/chartmogul/customers/cus_x", "/salesforce/lightning/r/Task/x/view", "/slack/archives/X"],
)
def test_what_is_not_there_is_not_found(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_hubspot_shows_records_and_what_was_written(simulators: Control, http: httpx.Client) -> None:
    made = simulators.add_hubspot_record("companies", name=HOSTILE, domain="acme.example")
    page = http.get("/hubspot/", follow_redirects=True)
    assert "gmail.com" in page.text
    written = http.get(f"{page.url.path}?changed=1").text
    assert "gmail.com" not in written
    shown = http.get(f"/hubspot/contacts/1001/record/0-2/{made['id']}").text
    for text in (written, shown):
        assert SHOWN in text
        assert HOSTILE not in text
    assert http.get("/hubspot/contacts/1001/record/0-2/7").status_code == 404


def test_hubspot_contact_leads_to_its_company(simulators: Control, http: httpx.Client) -> None:
    row = simulators.hubspot_customers("contact_and_company", limit=1)[0]
    contact = next(c for c in simulators.hubspot_records("contacts", all=True) if c["email"] == row.email)
    page = http.get(f"/hubspot/contacts/1001/record/0-1/{contact['id']}").text
    (company,) = [c for c in simulators.hubspot_records("companies", all=True) if c["name"] == row.company]
    assert f'href="/hubspot/contacts/1001/record/0-2/{company["id"]}"' in page


def test_hubspot_shows_deals_and_tasks_beside_their_company(
    simulators: Control, http: httpx.Client, hubspot: httpx.Client
) -> None:
    company = simulators.hubspot_records("companies", all=True)[0]["id"]
    deal = simulators.add_hubspot_record("deals", dealname=HOSTILE, dealstage="closedwon", amount="7")["id"]
    body = {"inputs": [{"from": {"id": deal}, "to": {"id": company}}]}
    hubspot.post("/associations/2026-09/deals/companies/batch/associate/default", json=body)
    task = simulators.add_hubspot_record("tasks", hs_task_subject=HOSTILE, hs_task_body=HOSTILE)["id"]
    for page in (f"record/0-3/{deal}", "objects/0-3", f"record/0-27/{task}", f"record/0-2/{company}"):
        text = http.get(f"/hubspot/contacts/1001/{page}").text
        assert SHOWN in text
        assert HOSTILE not in text
    assert f"/record/0-3/{deal}" in http.get(f"/hubspot/contacts/1001/record/0-2/{company}").text


def test_a_button_in_slack_is_clicked_by_a_person(
    simulators: Control, slack: httpx.Client, http: httpx.Client
) -> None:
    button = {
        "type": "button",
        "action_id": "yes",
        "text": {"type": "plain_text", "text": "Yes"},
        "value": "1",
    }
    content = {"channel": "C0SAVES", "text": "May it?", "blocks": [{"type": "actions", "elements": [button]}]}
    ts = slack.post("chat.postMessage", json=content).json()["ts"]
    assert 'name="action_id" value="yes">Yes</button>' in http.get("/slack/archives/C0SAVES").text
    with ScriptedServer(Reply("")) as app:
        simulators.interactivity(app.url)
        form = {"channel": "C0SAVES", "ts": ts, "action_id": "yes", "user": "U0002"}
        assert http.post("/slack/click", data=form).status_code == 303
        payload = json.loads(parse_qs(app.seen[0].body)["payload"][0])
    httpx.post(payload["response_url"], json={"response_type": "ephemeral", "text": HOSTILE}, trust_env=False)
    page = http.get("/slack/archives/C0SAVES").text
    assert f"Only Maya Okafor sees this: {SHOWN}" in page
    assert http.post("/slack/click", data=form | {"action_id": "no"}).status_code == 404
