"""Customers are the same for the same seed, and a million of them cost nothing."""

from simulators.kit.seed import Seed
from simulators.salesforce.seed import record_id, record_number
from tests.simulators.counting import counting_calls


def test_same_seed_makes_the_same_customers() -> None:
    assert [Seed(7).customer(n) for n in range(1, 50)] == [Seed(7).customer(n) for n in range(1, 50)]
    assert Seed(7).customer(1).uuid != Seed(8).customer(1).uuid


def test_number_of_customers_changes_none_of_them() -> None:
    assert Seed(7, 10).customer(3) == Seed(7, 1_000_000).customer(3)


def test_customer_is_found_by_what_names_it() -> None:
    seed = Seed(3, 1000)
    for customer in map(seed.customer, seed.numbers()):
        assert seed.find(customer.uuid) == customer
        assert seed.find_email(customer.email) == customer
        assert seed.find_external_id(customer.external_id) == customer


def test_email_is_found_in_any_case() -> None:
    seed = Seed()
    assert seed.find_email(seed.customer(1).email.upper()) == seed.customer(1)


def test_nobody_is_found_beyond_the_last() -> None:
    outside = Seed(3, 1001).customer(1001)
    assert Seed(3, 1000).find(outside.uuid) is None
    assert Seed(3, 1000).find_email(outside.email) is None


def test_every_case_is_there() -> None:
    cases = {Seed().customer(n).case for n in range(1, 21)}
    assert cases == {"account", "contact_only", "several", "none", "inactive_owner"}


def test_awkward_text_is_there() -> None:
    seed = Seed()
    text = "".join(f"{c.company}{c.name}{c.email}" for c in map(seed.customer, range(1, 101)))
    assert {"&", "<", ">", "'", '"', "\\", "ł", "株"} <= set(text)


def test_a_million_customers_are_there_at_once() -> None:
    with counting_calls() as calls:
        seed = Seed(7, 1_000_000)
        assert seed.find(seed.customer(999_999).uuid) is not None
    assert calls.total() < 10_000


def test_record_ids_carry_their_number() -> None:
    for number in (1, 61, 62, 2_000_001, 62**5 + 5):
        assert record_number(record_id("00T", number)) == number
    assert len(record_id("00T", 1)) == 18
    assert record_number("00T5e0000000001AAB") is None
