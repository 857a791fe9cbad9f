"""What a run knows outlives its process, and is given out in order and once."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from domains.crm.file import PERSONS, RunFile
from models.crm_facts import CustomerFacts
from models.templates.crm_sync import Change, Left, RecordPlan, Status

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Iterator[RunFile]:
    """With customers a to e."""
    file = RunFile(tmp_path / "run")
    file.add(customer(uuid) for uuid in "edcba")
    yield file
    file.close()


def customer(uuid: str, mrr: int = 49) -> CustomerFacts:
    return CustomerFacts(uuid=uuid, mrr=Decimal(mrr), arr=Decimal(12 * mrr), currency="USD")


def standing(uuid: str, status: Status, **more: object) -> RecordPlan:
    return RecordPlan.model_validate({"customer": uuid, "status": status} | more)


def uuids(blocks: Iterator[list[CustomerFacts]]) -> list[list[str]]:
    return [[each.uuid for each in block] for block in blocks]


def test_customers_come_in_the_order_of_their_ids_and_the_last_facts_count(file: RunFile) -> None:
    file.add([customer("c", mrr=77)])
    assert uuids(file.all(size=2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert [each.mrr for block in file.all() for each in block if each.uuid == "c"] == [77]
    assert file.customers == 5


def test_who_is_done_is_not_looked_up_again_also_by_another_process(file: RunFile, tmp_path: Path) -> None:
    file.note("contacts", [standing("a", Status.UPDATED), standing("b", Status.LOOKING, way=1)])
    file.say("read", 1)
    other = RunFile(tmp_path / "run")
    assert other.said("read") == 1
    assert uuids(other.looking("contacts", 0, size=2)) == [["c", "d"], ["e"]]
    assert uuids(other.looking("contacts", 1, size=2)) == [["b"]]
    assert uuids(other.looking("companies", 0, size=9)) == [list("abcde")]
    other.close()


def test_reading_begins_with_nothing(file: RunFile) -> None:
    file.note("contacts", [standing("a", Status.UPDATED)])
    file.say("read", 1)
    file.begin_reading()
    assert (file.customers, file.said("read"), file.report("contacts").counts) == (0, None, {})


def test_records_to_make_and_to_change_are_apart(file: RunFile) -> None:
    changes = {"mrr": Change(None, "49.00")}
    file.note(
        "contacts", [standing(uuid, Status.PLANNED, record=f"r{uuid}", changes=changes) for uuid in "ab"]
    )
    file.note("contacts", [standing("c", Status.PLANNED, changes=changes)])
    [[one, two]] = file.planned("contacts", new=False, size=5)
    assert (one.record, two.record, one.values) == ("ra", "rb", {"mrr": "49.00"})
    assert [[each.customer for each in block] for block in file.planned("contacts", new=True, size=5)] == [
        ["c"]
    ]


def test_customers_who_lead_to_one_record_are_found(file: RunFile) -> None:
    for uuid, record in zip("abcd", ("r1", "r2", "r1", "r3"), strict=True):
        file.note("contacts", [standing(uuid, Status.UNCHANGED, record=record)])
    file.note("companies", [standing("e", Status.UNCHANGED, record="r2")])
    assert [[each.customer for each in rivals] for rivals in file.rivals("contacts")] == [["a", "c"]]


def test_the_report_counts_by_status_reason_and_field(file: RunFile) -> None:
    file.note(
        "contacts",
        [
            standing("a", Status.UPDATED, record="r1", kept=["plans"], open={"ltv": "not told"}),
            standing("b", Status.UNCHANGED, record="r2", kept=["plans", "status"]),
            standing("c", Status.REFUSED, record="r3", reason="invalid", detail="too long"),
            standing("d", Status.NOT_FOUND, reason="no record"),
            standing("e", Status.AMBIGUOUS, reason="2 records", candidates=["r4", "r5"]),
        ],
    )
    report = file.report("contacts")
    assert report.counts == dict.fromkeys(
        (Status.UPDATED, Status.UNCHANGED, Status.REFUSED, Status.NOT_FOUND, Status.AMBIGUOUS), 1
    )
    assert report.reasons == {"invalid": 1, "no record": 1, "2 records": 1}
    assert report.kept == {"plans": 2, "status": 1}
    assert report.open == {"ltv: not told": 1}
    left, more = file.left(4)
    assert left == [
        Left(object="contacts", customer="c", reason="invalid", detail="too long", records=["r3"]),
        Left(object="contacts", customer="e", reason="2 records", records=["r4", "r5"]),
        Left(object="contacts", customer="d", reason="no record"),
        Left(object="contacts", customer="a", reason=PERSONS, detail="plans", records=["r1"]),
    ]
    assert more == 1


def test_report_is_bounded_in_bytes_whatever_the_records_say(file: RunFile) -> None:
    """400 customers whose website 300 accounts share, and 20,000 refusals with texts of their own."""
    ids = [f"0015e0000000{number:03}AAA" for number in range(300)]
    shared = "300 records have this customer's domain"
    file.note(
        "Account",
        [
            standing(f"cus_{number:03}", Status.AMBIGUOUS, reason=shared, candidates=ids)
            for number in range(400)
        ],
    )
    file.note(
        "Contact",
        [
            standing(f"cus_{number:06}", Status.REFUSED, reason=f"{number} é" * 200, detail="x" * 2_000)
            for number in range(20_000)
        ],
    )
    left, left_off = file.left(2_500)
    accounts, contacts = file.report("Account"), file.report("Contact")
    told = sum(len(each.model_dump_json().encode()) for each in (*left, accounts, contacts))
    assert told < 500_000
    assert len(left) + left_off == 20_400
    assert accounts.reasons == {shared: 400}
    assert sum(contacts.reasons.values()) == 20_000
    assert len(contacts.reasons) <= 101
    assert contacts.counts == {Status.REFUSED: 20_000}


def test_records_of_one_customer_are_examples(file: RunFile) -> None:
    file.note("Account", [standing("a", Status.AMBIGUOUS, candidates=[str(n) for n in range(300)])])
    [left], _ = file.left(10)
    assert (len(left.records), left.more_records) == (5, 295)
