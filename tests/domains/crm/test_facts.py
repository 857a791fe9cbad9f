"""What is known of a customer, from rows as ChartMogul sends them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domains.crm.facts import FROM_INVOICES, FROM_MOVEMENTS, FactsBuilder
from models.chartmogul_values import NotJson
from models.crm import CrmMapping, FreeMail, MoneyRules
from models.crm_facts import CustomerFacts

AS_OF = datetime(2026, 11, 25, 4, 15, tzinfo=UTC)
SOURCE = "ds_1"
PLANS = [
    {"name": "Team", "external_id": "team", "interval_unit": "month", "interval_count": 1},
    {"name": "Business", "external_id": "biz", "interval_unit": "year", "interval_count": 1},
    {"name": "Scale", "external_id": "scale", "interval_unit": "month", "interval_count": 3},
]


def builder(mapping: CrmMapping | None = None, **options: Any) -> FactsBuilder:
    made = FactsBuilder(mapping or CrmMapping(), as_of=AS_OF, **{"predicted_ltv_cents": 123456.0, **options})
    made.add_plans([{"data_source_uuid": SOURCE, **plan} for plan in PLANS])
    return made


def customer(**changes: Any) -> dict[str, Any]:
    return {
        "uuid": "cus_1",
        "external_id": "ext-1",
        "name": "Nora Lind",
        "company": "Fjord Labs",
        "email": "Nora@Fjord.example",
        "status": "Active",
        "customer-since": "2024-01-31T23:30:00+00:00",
        "mrr": 4900,
        "arr": 58800,
        "currency": "USD",
        "website_url": None,
        "chartmogul-url": "https://app.chartmogul.com/#/customers/1",
        **changes,
    }


def movement(
    cents: int, kind: str, day: str, plan: str = "team", subscription: str = "s1", **more: Any
) -> dict[str, Any]:
    return {
        "customer-uuid": "cus_1",
        "date": f"{day}T12:00:00+00:00",
        "type": kind,
        "activity-mrr-movement": cents,
        "subscription-external-id": subscription,
        "plan-external-id": plan,
        "billing-connector-uuid": SOURCE,
        **more,
    }


def invoice(currency: str = "USD", *transactions: dict[str, Any], **more: Any) -> dict[str, Any]:
    lines = [{"amount_in_cents": 4000}, {"amount_in_cents": 900}]
    return {
        "customer_uuid": "cus_1",
        "currency": currency,
        "line_items": lines,
        "transactions": list(transactions) or [payment()],
        **more,
    }


def payment(cents: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "payment",
        "result": "successful",
        "date": "2026-01-01T00:00:00.000Z",
        "amount_in_cents": cents,
        **more,
    }


def facts(
    movements: Iterable[dict[str, Any]] = (),
    invoices: Iterable[dict[str, Any]] = (),
    mapping: CrmMapping | None = None,
    options: dict[str, Any] | None = None,
    **changes: Any,
) -> CustomerFacts:
    made = builder(mapping, **(options or {}))
    made.add_movements(movements)
    made.add_invoices(invoices)
    return made.facts_of(customer(**changes))


def test_what_the_customers_list_says() -> None:
    found = facts()
    assert found.model_dump(exclude={"unknown"}, exclude_defaults=True) == {
        "uuid": "cus_1",
        "external_id": "ext-1",
        "name": "Nora Lind",
        "company": "Fjord Labs",
        "email": "nora@fjord.example",
        "domain": "fjord.example",
        "status": "Active",
        "mrr": Decimal("49.00"),
        "arr": Decimal("588.00"),
        "currency": "USD",
        "net_payments": Decimal("0.00"),
        "predicted_ltv": Decimal("1234.56"),
        "subscriber_since": date(2024, 1, 31),
        "link": "https://app.chartmogul.com/#/customers/1",
    }
    assert found.unknown == {}


def test_days_are_those_of_the_accounts_zone() -> None:
    churn = movement(-4900, "churn", "2026-02-28") | {"date": "2026-02-28T23:30:00+00:00"}
    found = facts([churn], options={"zone": ZoneInfo("Europe/Berlin")}, mrr=0)
    assert found.subscriber_since == date(2024, 2, 1)
    assert found.churned_on == date(2026, 3, 1)
    assert found.last_movement_at == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("website", "email", "domain"),
    [
        ("https://www.Acme.example/pricing", "a@other.example", "acme.example"),
        ("acme.example", None, "acme.example"),
        (None, "a@Mail.Acme.example", "acme.example"),
        ("https://www.facebook.com/acme", "a@acme.example", "acme.example"),
        ("https://www.linkedin.com/company/acme", "a@gmail.com", None),
        ("linktr.ee/acme", None, None),
        ("https://sites.google.com/view/acme", None, None),
        ("https://live.quillandco.example", None, "quillandco.example"),
        (None, "ann@live.quillandco.example", "quillandco.example"),
        ("https://acme.example/somebody", "a@other.example", "other.example"),
        ("https://facebook.com/acme", "a@acme.example", "acme.example"),
        ("https://facebook.com/acme", "someone@gmail.com", None),
        (None, "a@live.quillandco.example", "quillandco.example"),
        (None, "someone@nyc.rr.com", None),
        (None, "someone@gmail.com", None),
        ("gmail.com", "a@acme.example", "acme.example"),
        (None, "", None),
        (None, "no address", None),
    ],
)
def test_domain_is_the_websites_or_the_emails_and_never_free_mail(
    website: str | None, email: str | None, domain: str | None
) -> None:
    assert facts(website_url=website, email=email).domain == domain


def test_free_mail_is_what_the_mapping_says() -> None:
    mapping = CrmMapping(free_mail=FreeMail(also=["firma.example"], allow=["gmail.com"]))
    assert facts(mapping=mapping, email="a@firma.example").domain is None
    assert facts(mapping=mapping, email="a@gmail.com").domain == "gmail.com"


def test_plan_is_that_of_the_subscriptions_last_movement() -> None:
    found = facts([
        movement(4900, "new_biz", "2025-01-01"),
        movement(5500, "expansion", "2025-06-01", plan="biz"),
        movement(-500, "contraction", "2025-03-01", plan="scale"),
    ])  # fmt: skip
    assert (found.plans, found.billing_cycle) == (("Business",), "yearly")
    assert (found.last_movement_type, found.last_movement_amount) == ("expansion", Decimal("55.00"))


def test_ended_subscriptions_have_no_plan() -> None:
    found = facts([
        movement(4900, "new_biz", "2025-01-01"),
        movement(1000, "expansion", "2025-02-01", plan="scale", subscription="s2"),
        movement(-4901, "contraction", "2025-03-01"),
    ])  # fmt: skip
    assert (found.plans, found.billing_cycle) == (("Scale",), "every 3 months")


def test_several_plans_are_named_in_order() -> None:
    found = facts([
        movement(4900, "new_biz", "2025-01-01"),
        movement(1000, "expansion", "2025-02-01", plan="scale", subscription="s2"),
        movement(1000, "expansion", "2025-02-01", plan="biz", subscription="s3"),
    ])  # fmt: skip
    assert found.plans == ("Business", "Scale", "Team")
    assert found.billing_cycle == "every 3 months, monthly, yearly"


def test_a_chain_of_subscriptions_is_one() -> None:
    chain = {"subscription-set-external-id": "set"}
    found = facts([
        movement(4900, "new_biz", "2025-01-01", **chain),
        movement(-1000, "contraction", "2025-02-01", plan="biz", subscription="s2", **chain),
    ])  # fmt: skip
    assert found.plans == ("Business",)


def test_a_plan_is_looked_up_in_its_source_and_called_by_its_id_where_it_is_gone() -> None:
    made = builder()
    made.add_plans([{"name": "Other Team", "external_id": "team", "data_source_uuid": "ds_2"}])
    made.add_movements([movement(4900, "new_biz", "2025-01-01", **{"billing-connector-uuid": "ds_2"})])
    assert made.facts_of(customer()).plans == ("Other Team",)
    assert facts([movement(4900, "new_biz", "2025-01-01", plan="gone")]).plans == ("gone",)


def test_subscriptions_that_were_read_say_better() -> None:
    made = builder()
    made.add_movements([movement(4900, "new_biz", "2025-01-01")])
    rows = [
        {"plan": "Enterprise", "billing-cycle": "year", "billing-cycle-count": 2, "status": "active"},
        {"plan": "Old", "billing-cycle": "month", "billing-cycle-count": 1, "status": "inactive"},
    ]
    made.add_subscriptions([row | {"customer-uuid": "cus_1"} for row in rows])
    found = made.facts_of(customer())
    assert (found.plans, found.billing_cycle) == (("Enterprise",), "every 2 years")


def test_who_left_has_a_day_for_it_and_who_came_back_has_none() -> None:
    left = [movement(4900, "new_biz", "2025-01-01"), movement(-4900, "churn", "2025-05-20")]
    gone = facts(left, status="Cancelled", mrr=0, arr=0)
    assert (gone.churned_on, gone.plans, gone.billing_cycle) == (date(2025, 5, 20), (), None)
    assert gone.last_movement_amount == Decimal("-49.00")
    back = facts([*left, movement(4900, "reactivation", "2025-07-01", plan="biz")])
    assert (back.churned_on, back.plans) == (None, ("Business",))


def test_what_is_scheduled_has_not_happened() -> None:
    rows = [movement(4900, "new_biz", "2025-01-01"), movement(-4900, "churn", "2026-12-31")]
    found = facts(rows, [invoice("USD", payment(100), payment(7, date="2026-12-31T00:00:00.000Z"))])
    assert found.last_movement_type == "new_biz"
    assert found.plans == ("Team",)
    assert found.net_payments == Decimal("1.00")


def test_net_payments_are_what_was_paid_less_what_was_given_back() -> None:
    refund = payment(900, type="refund")
    found = facts((), [
        invoice("USD", payment(5000), refund),
        invoice(),  # the whole invoice: 49.00
        invoice("USD", payment(7000, result="failed"), payment(8000, disabled=True)),
        invoice(disabled=True),
        invoice(status="voided"),
    ])  # fmt: skip
    assert found.net_payments == Decimal("90.00")
    assert found.net_payments_by_currency == "90.00 USD"


def test_payments_in_another_currency_are_converted_or_left_open() -> None:
    rows = [invoice("USD", payment(1000)), invoice("EUR", payment(10000))]
    without = facts((), rows)
    assert without.net_payments is None
    assert without.net_payments_by_currency == "100.00 EUR, 10.00 USD"
    assert without.unknown == {"net_payments": "no exchange rate for EUR"}
    money = MoneyRules(exchange_rates={"EUR": Decimal("1.0856")})
    assert facts((), rows, CrmMapping(money=money)).net_payments == Decimal("118.56")


def test_what_was_not_read_is_open_and_not_empty() -> None:
    made = builder(movements=False, invoices=False, predicted_ltv_cents=None)
    assert set(made.facts_of(customer()).unknown) == {*FROM_MOVEMENTS, *FROM_INVOICES, "predicted_ltv"}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"date": "soon"}, FROM_MOVEMENTS),
        ({"activity-mrr-movement": None}, FROM_MOVEMENTS),
        ({"type": 5}, FROM_MOVEMENTS),
    ],
)
def test_a_row_that_cannot_be_read_leaves_its_customer_open_and_no_other(
    change: dict[str, Any], kept: tuple[str, ...]
) -> None:
    made = builder()
    made.add_movements([
        movement(4900, "new_biz", "2025-01-01") | change,
        movement(4900, "new_biz", "2025-01-01") | {"customer-uuid": "cus_2"},
    ])  # fmt: skip
    assert set(made.facts_of(customer()).unknown) == set(kept)
    assert made.facts_of(customer(uuid="cus_2")).unknown == {}
    assert made.facts_of(customer(uuid="cus_2")).plans == ("Team",)


def test_rows_without_a_customer_are_counted() -> None:
    made = builder()
    made.add_movements([{"date": "2025-01-01T00:00:00Z"}])
    made.add_invoices([{"currency": "USD"}])
    assert list(made.facts([customer(mrr="much"), customer()])) == [made.facts_of(customer())]
    assert made.unreadable == 3


def test_order_of_rows_does_not_matter() -> None:
    rows = [
        movement(4900, "new_biz", "2025-01-01"),
        movement(100, "expansion", "2025-02-01", plan="biz"),
        movement(-5000, "churn", "2025-03-01", plan="biz"),
        movement(4900, "reactivation", "2025-04-01", plan="scale", subscription="s2"),
    ]
    invoices = [invoice("USD", payment(cents)) for cents in (100, 250, 4000)]
    assert facts(rows, invoices) == facts(reversed(rows), reversed(invoices))


def test_rows_of_one_customers_own_list_are_taken_with_its_name() -> None:
    made = builder()
    rows = [movement(4900, "new_biz", "2025-01-01"), movement(-4900, "churn", "2025-05-20")]
    own = [{k: v for k, v in row.items() if k not in ("customer-uuid", "plan-external-id")} for row in rows]
    made.add_movements(own, customer_uuid="cus_1")
    assert made.facts_of(customer(mrr=0)).churned_on == date(2025, 5, 20)


@pytest.mark.parametrize(
    ("attributes", "tags"),
    [
        ({"tags": ["vip", "beta", "vip", None, ""]}, ("beta", "vip")),
        ({"tags": None}, ()),
        (None, ()),
        ({"tags": [str(number) for number in range(5000)]}, tuple(sorted(map(str, range(5000)))[:100])),
    ],
)
def test_tags_and_country_can_be_mapped(attributes: object, tags: tuple[str, ...]) -> None:
    found = facts(attributes=attributes, country="DE")
    assert (found.country, found.tags) == ("DE", tags)
    mapping = {"hubspot": {"contacts": {"key": "k", "fields": {"tags": "t", "country": "c"}}}}
    assert CrmMapping.model_validate(mapping).hubspot is not None


def test_customer_of_thousands_of_plans_names_the_first() -> None:
    rows = [{"status": "active", "plan": f"Plan {number:04}"} for number in range(3000)]
    made = builder()
    made.add_subscriptions(rows, "cus_1")
    found = made.facts_of(customer() | {"uuid": "cus_1"})
    assert len(found.plans) == 101
    assert found.plans[-1] == "and 2900 more"


def mapped(*names: str) -> CrmMapping:
    fields = {f"custom.{name}": f"f{number}" for number, name in enumerate(names)}
    return CrmMapping.model_validate({"hubspot": {"contacts": {"key": "cm_uuid", "fields": fields}}})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("gold", "gold"),
        (" gold ", "gold"),
        (8, "8"),
        (12.5, "12.5"),
        (3.0, "3"),
        (1e21, "1000000000000000000000"),
        (0, "0"),
        (True, "true"),
        (False, "false"),
        ("2026-01-15T00:00:00.000Z", "2026-01-15T00:00:00.000Z"),
        ("x" * 5_000, "x" * 1_000),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_custom_attribute_is_known_as_text(value: Any, text: str | None) -> None:
    found = facts(mapping=mapped("tier", "not there"), attributes={"custom": {"tier": value, "other": "x"}})
    assert found.custom == ({"tier": text} if text else {})
    assert found.unknown == {}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, float("nan"), float("inf"), 10**60, NotJson()])
def test_a_custom_attribute_that_cannot_be_read_is_open_and_costs_no_other(value: Any) -> None:
    found = facts(mapping=mapped("tier", "seats"), attributes={"custom": {"tier": value, "seats": 8}})
    assert found.custom == {"seats": "8"}
    assert found.unknown == {"custom.tier": "ChartMogul sent a value that cannot be read"}


@pytest.mark.parametrize("attributes", [None, "x", [], {"custom": "x"}, {"custom": 7}])
def test_without_readable_attributes_those_that_are_mapped_are_open(attributes: Any) -> None:
    assert set(facts(mapping=mapped("tier"), attributes=attributes).unknown) == {"custom.tier"}
    assert facts(attributes=attributes).unknown == {}


@pytest.mark.parametrize("attributes", [{}, {"custom": None}, {"custom": []}, {"custom": {}}])
def test_a_customer_without_attributes_has_none(attributes: Any) -> None:
    found = facts(mapping=mapped("tier"), attributes=attributes)
    assert (found.custom, found.unknown) == ({}, {})


def test_tags_are_bounded_in_number_and_letters() -> None:
    tags = [f"{number:03}{'x' * 5_000}" for number in range(300)]
    found = facts(attributes={"tags": [*tags, " ", 7, None]}).tags
    assert (len(found), {len(tag) for tag in found}) == (100, {1_000})
