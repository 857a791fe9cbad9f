"""Runs of every kind that can be undone: what each writes, where that shows at the vendor's side door, and
what a person may do to it since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, cast

import httpx
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.definition import Bound
from models.canonical import digest_of
from models.changes import (
    AnyChange,
    AttributeChange,
    AttributeValue,
    ChangeState,
    CustomerMerge,
    CustomerSave,
    EventImport,
    SubscriptionEvent,
    TagChange,
)
from models.effects import Effect, Write
from models.hubspot import DealWrite, HubSpotTask
from models.salesforce import ContactLink, NoteWrite, OpportunityWrite, SaveTask
from models.slack import Message, MessageUpdate
from models.tagging import Tagging
from models.undo import Undoing, Undone, UndoState
from operations.changes import ask
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests.activities.chartmogul import OWNER, SOURCE
from tests.workflows.changing import change_of, undo_of
from tests.workflows.conftest import Start, starter
from workflows.change.parts import parts_of

Values = dict[str, Any]
Told = tuple[UndoState, Sequence[str]]

CHANNEL, CHANNEL_ID = "#revenue-saves", "C0SAVES"
TAG, BY_HAND = "at-risk", "by-hand"
EVERY_ROUNDS = 4
"""One in so many changes of ChartMogul is asked for as a run, which previews and writes its audit, too; of
the others there are the steps."""


@dataclass(frozen=True)
class World:
    simulators: Control
    client: Client
    steps: Mapping[str, Bound]
    customers: Sequence[CustomerRow]
    merged: Sequence[CustomerRow]
    """Three for each round, and none of `customers`."""
    with_account: Sequence[CustomerRow]
    """Whom Salesforce knows."""
    accounts: Sequence[str]
    users: Mapping[str, Sequence[str]]
    """External ids of those whom Intercom and Zendesk know."""

    @property
    def start(self) -> Start:
        return starter(self.client)

    async def step(self, name: str, given: Any) -> Any:
        return await ActivityEnvironment().run(cast(Any, self.steps[name]), given)


class Run:
    """`now` has the fields concerned, and nothing of an object that is not there. `edit` says which of them
    a person has set, so that they have to stay."""

    taken_back: ClassVar[Values] = {}
    """Of an object that it made: fields that its undo sets."""
    is_made = is_deleted = False
    told_of_edited = UndoState.CHANGED_SINCE

    def __init__(self, world: World, number: int, round: int) -> None:
        self.world, self.number, self.round = world, number, round
        self.simulators = world.simulators
        self.key = f"{number:024x}"
        self.effects: list[Effect] = []

    async def do(self) -> None:
        raise NotImplementedError

    async def undo(self) -> list[Told]:
        """Its effects, newest first, each by its system's own step."""
        return [await self._take_back(number) for number in reversed(range(len(self.effects)))]

    async def _take_back(self, number: int) -> Told:
        effect = self.effects[number]
        undoing = Undoing(key=f"change/{self.key}:{number}", effect=effect, newer=self.effects[number + 1 :])
        done: Undone = await self.world.step(f"{effect.system}.undo", undoing)
        return done.state, done.left

    def now(self) -> Values:
        raise NotImplementedError

    async def edit(self) -> Values:
        raise NotImplementedError

    def wanted(self, before: Values, left: Values, edited: Values | None) -> Values:
        """After its undo; `left` is how it was just before that."""
        if not self.is_made:
            return before | (edited or {})
        if self.is_deleted:
            return left if edited else {}
        return left | self.taken_back | (edited or {})


# -- ChartMogul's


class OfChartMogul(Run):
    def __init__(self, world: World, number: int, round: int) -> None:
        super().__init__(world, number, round)
        self.uuid = world.customers[number].uuid
        self.run_id = ""

    def change(self) -> AnyChange:
        raise NotImplementedError

    async def do(self) -> None:
        given = change_of(self.change(), digest=digest_of(self.uuid, self.key))
        if self.round % EVERY_ROUNDS:
            for part in parts_of(given):
                self.effects.append(await self.world.step(part.activity.definition.name, part.write))
        else:
            state = await ask(self.world.client, given, seconds=60)
            assert state.status is ChangeState.DONE, state
            self.run_id, self.effects = state.run_id, state.effects

    async def undo(self) -> list[Told]:
        if not self.run_id:
            return await super().undo()
        state = await ask(self.world.client, undo_of(self.run_id), seconds=60)
        return [(each.state, each.left) for each in state.undone]

    def row(self, uuid: str) -> Values | None:
        try:
            return self.simulators.patch_customer(uuid)
        except httpx.HTTPStatusError:
            return None


class Tags(OfChartMogul):
    told_of_edited = UndoState.UNDONE

    def change(self) -> AnyChange:
        there = self.simulators.attributes(self.uuid)["tags"]
        return TagChange(customer_uuid=self.uuid, add=[TAG, "vip"], remove=there[:1])

    def now(self) -> Values:
        return dict.fromkeys(self.simulators.attributes(self.uuid)["tags"], True)

    async def edit(self) -> Values:
        self.simulators.tag(self.uuid, BY_HAND)
        return {BY_HAND: True}


class Attributes(OfChartMogul):
    def change(self) -> AnyChange:
        given = [
            AttributeValue(key="seats", value=99, type="Integer"),
            AttributeValue(key="tier", value="gold"),
        ]
        return AttributeChange(customer_uuid=self.uuid, set=given, remove=["channel"])

    def now(self) -> Values:
        return dict(self.simulators.attributes(self.uuid)["custom"])

    async def edit(self) -> Values:
        self.simulators.set_attribute(self.uuid, "tier", "platinum")
        return {"tier": "platinum"}


class Fields(OfChartMogul):
    def change(self) -> AnyChange:
        return CustomerSave(customer_uuid=self.uuid, fields={"city": "Bonn", "owner": OWNER})

    def now(self) -> Values:
        row = self.simulators.patch_customer(self.uuid)
        return {name: row[name] for name in ("city", "owner")}

    async def edit(self) -> Values:
        self.simulators.patch_customer(self.uuid, city="Ghent")
        return {"city": "Ghent"}


class Newcomer(OfChartMogul):
    is_made = is_deleted = True

    def change(self) -> AnyChange:
        new = f"new-{self.key}"
        return CustomerSave(data_source_uuid=SOURCE, external_id=new, fields={"name": "Ann"})

    def now(self) -> Values:
        row = self.row(self.effects[0].object_id or "") if self.effects else None
        return {"name": row["name"]} if row else {}

    async def edit(self) -> Values:
        self.simulators.patch_customer(self.effects[0].object_id or "", name="Ann Lee")
        return {"name": "Ann Lee"}


class Events(OfChartMogul):
    """Two, of which a person corrects one."""

    is_made = True
    taken_back: ClassVar[Values] = {"1 disabled": True, "2 disabled": True}

    def change(self) -> AnyChange:
        return EventImport(events=[self._event(which) for which in (1, 2)])

    def _event(self, which: int) -> SubscriptionEvent:
        return SubscriptionEvent.model_validate({
            "external_id": f"{self.key}-{which}", "data_source_uuid": SOURCE,
            "customer_external_id": "cus_N1001", "subscription_external_id": f"sub_{self.key}",
            "event_type": "subscription_start", "event_date": "2026-05-18T11:48:34Z",
            "effective_date": f"2026-05-2{which}T07:02:18Z", "plan_external_id": "team-monthly",
            "currency": "USD", "amount_in_cents": 4900, "quantity": 1,
        })  # fmt: skip

    def _rows(self) -> dict[int, Values]:
        rows = {each["external_id"]: each for each in self.simulators.subscription_events()}
        return {which: rows[name] for which in (1, 2) if (name := f"{self.key}-{which}") in rows}

    def now(self) -> Values:
        said = [
            (f"{which} {name}", row[name])
            for which, row in self._rows().items()
            for name in ("disabled", "amount_in_cents")
        ]
        return dict(said)

    async def edit(self) -> Values:
        self.simulators.patch_event(str(self._rows()[1]["id"]), amount_in_cents=5900)
        return {"1 disabled": False, "1 amount_in_cents": 5900}


class Merge(OfChartMogul):
    """Which a person may merge on."""

    def __init__(self, world: World, number: int, round: int) -> None:
        super().__init__(world, number, round)
        self.three = [each.uuid for each in world.merged[3 * round : 3 * round + 3]]

    def change(self) -> AnyChange:
        return CustomerMerge(customer_uuid=self.three[0], into_uuid=self.three[1])

    def now(self) -> Values:
        """Their MRR."""
        rows = {uuid: self.row(uuid) for uuid in self.three}
        return {uuid: row["mrr"] for uuid, row in rows.items() if row and row["uuid"] == uuid}

    async def edit(self) -> Values:
        self.simulators.merge(self.three[1], self.three[2])
        return self.now()

    def wanted(self, before: Values, left: Values, edited: Values | None) -> Values:
        return left if edited else before


# -- of other systems, by their steps


class ByStep(Run):
    step: ClassVar[str]

    def write(self) -> Write:
        raise NotImplementedError

    async def do(self) -> None:
        self.effects.append(await self.world.step(self.step, self.write()))

    @property
    def id(self) -> str:
        return (self.effects[0].object_id or "") if self.effects else ""


class InSalesforce(ByStep):
    object_name: ClassVar[str]
    names: ClassVar[Sequence[str]]
    edited: ClassVar[Values] = {}

    def now(self) -> Values:
        found = [each for each in self.simulators.records(self.object_name) if each["Id"] == self.id]
        return {name: found[0][name] for name in self.names} if found else {}

    async def edit(self) -> Values:
        self.simulators.change_record(self.object_name, self.id, **self.edited)
        return self.now()


class SalesforceTask(InSalesforce):
    step, object_name, names = "salesforce.create_save_task", "Task", ["Status"]
    is_made = True
    taken_back: ClassVar[Values] = {"Status": "Completed"}
    edited: ClassVar[Values] = {"Status": "In Progress"}

    def write(self) -> Write:
        return SaveTask(key=f"{self.key}:save_task", subject="Win back", due=date(2026, 12, 1))


class Opportunity(InSalesforce):
    step, object_name, names = "salesforce.save_opportunity", "Opportunity", ["StageName", "Amount"]
    is_made = True
    taken_back: ClassVar[Values] = {"StageName": "Closed Lost"}
    edited: ClassVar[Values] = {"StageName": "Closed Won"}

    def write(self) -> Write:
        return OpportunityWrite.model_validate({
            "key": f"{self.key}:opportunity", "account_id": self.world.accounts[0], "name": "Grows",
            "amount": "100.00", "currency": "USD", "stage": "Prospecting", "close_date": date(2026, 12, 31),
        })  # fmt: skip


class Contact(InSalesforce):
    """One without an account is put into one; a person moves it on."""

    step, object_name, names = "salesforce.link_contact", "Contact", ["AccountId"]

    def __init__(self, world: World, number: int, round: int) -> None:
        super().__init__(world, number, round)
        self.contact = str(self.simulators.add_record("Contact", LastName=f"Lind {number}")["Id"])

    @property
    def id(self) -> str:
        return self.contact

    def write(self) -> Write:
        account = self.world.accounts[0]
        return ContactLink(key=f"{self.key}:link", contact_id=self.contact, account_id=account)

    async def edit(self) -> Values:
        self.simulators.change_record("Contact", self.contact, AccountId=self.world.accounts[1])
        return self.now()


class Note(InSalesforce):
    step, object_name, names = "salesforce.post_note", "Task", ["Description"]
    is_made = is_deleted = True
    edited: ClassVar[Values] = {"Description": "And more."}

    def write(self) -> Write:
        account = self.world.accounts[0]
        return NoteWrite(key=f"{self.key}:note", account_id=account, title="Left", body="They said why.")


class InHubSpot(ByStep):
    object_type: ClassVar[str]
    name: ClassVar[str]
    moved_on: ClassVar[str]
    is_made = True

    def now(self) -> Values:
        rows = self.simulators.hubspot_records(self.object_type)
        found = [each[self.name] for each in rows if each["id"] == self.id]
        return {self.name: found[0]} if found else {}

    async def edit(self) -> Values:
        self.simulators.change_hubspot_record(self.object_type, self.id, **{self.name: self.moved_on})
        return {self.name: self.moved_on}


class HubSpotsTask(InHubSpot):
    step, object_type, name, moved_on = "hubspot.create_task", "tasks", "hs_task_status", "IN_PROGRESS"
    taken_back: ClassVar[Values] = {"hs_task_status": "COMPLETED"}

    def write(self) -> Write:
        return HubSpotTask(key=f"{self.key}:task", subject="Win back", due=date(2026, 12, 1))


class Deal(InHubSpot):
    step, object_type, name, moved_on = "hubspot.save_deal", "deals", "dealstage", "closedwon"
    taken_back: ClassVar[Values] = {"dealstage": "closedlost"}

    def write(self) -> Write:
        return DealWrite.model_validate({
            "key": f"{self.key}:deal", "name": "Grows", "amount": "100.00", "currency": "USD",
            "pipeline": None, "stage": "Qualified To Buy", "close_date": date(2026, 12, 31),
        })  # fmt: skip


class SlackMessage(ByStep):
    step = "slack.post_message"
    is_made = True
    taken_back: ClassVar[Values] = {"is struck": True}

    def write(self) -> Write:
        start = datetime.now(UTC) - timedelta(seconds=5)
        return Message(key=f"{self.key}:alert", channel=CHANNEL, text="Acme left", not_before=start)

    def now(self) -> Values:
        return said(self.simulators, self.id)

    async def edit(self) -> Values:
        """Nobody but the app can change its message: another run of ours has."""
        update = MessageUpdate(key=f"{self.key}:told", channel=CHANNEL, ts=self.id, text="Acme is back")
        await self.world.step("slack.update_message", update)
        return self.now()


class Tag(ByStep):
    """On a person; somebody puts another on."""

    system: ClassVar[str]
    told_of_edited = UndoState.UNDONE

    @property
    def step(self) -> str:  # type: ignore[override]
        return f"{self.system}.tag"

    def write(self) -> Write:
        return self._tagging(TAG)

    def _tagging(self, tag: str) -> Tagging:
        person = self.world.users[self.system][self.round]
        return Tagging(key=f"{self.key}:{tag}", tag=tag, external_ids=[person])

    async def edit(self) -> Values:
        await self.world.step(self.step, self._tagging(BY_HAND))
        return {BY_HAND: True}


class IntercomTag(Tag):
    system = "intercom"

    def now(self) -> Values:
        tagged = self.simulators.ask("GET", "intercom/tagged")
        return {name: True for name in tagged.get(self.id, []) if name in (TAG, BY_HAND)}


class ZendeskTag(Tag):
    system = "zendesk"

    def now(self) -> Values:
        users = self.simulators.ask("GET", "zendesk/users")
        found = [name for each in users if str(each["id"]) == self.id for name in each["tags"]]
        return {name: True for name in found if name in (TAG, BY_HAND)}


# -- of a template


class Saved(Run):
    """A cancellation that churn save has acted on: a task in Salesforce, and a message in Slack."""

    is_made = True
    taken_back: ClassVar[Values] = {"Status": "Completed", "is struck": True}
    run_id = ""

    async def do(self) -> None:
        customer = self.world.with_account[self.round]
        run = await self.world.start(self.simulators.cancel(customer.uuid, send=False))
        self.effects, self.run_id = (await run.result()).effects, run.id

    async def undo(self) -> list[Told]:
        state = await ask(self.world.client, undo_of(self.run_id), seconds=60)
        return [(each.state, each.left) for each in state.undone]

    def now(self) -> Values:
        ids = {each.system: each.object_id or "" for each in self.effects}
        tasks = [each for each in self.simulators.records("Task") if each["Id"] == ids.get("salesforce")]
        task = {"Status": tasks[0]["Status"]} if tasks else {}
        return task | said(self.simulators, ids.get("slack", ""))

    async def edit(self) -> Values:
        task = next(each.object_id for each in self.effects if each.system == "salesforce")
        self.simulators.change_record("Task", task or "", Status="In Progress")
        return {"Status": "In Progress"}


KINDS: Sequence[type[Run]] = (
    Tags, Attributes, Fields, Newcomer, Events, Merge, SalesforceTask, Opportunity, Contact, Note,
    HubSpotsTask, Deal, SlackMessage, IntercomTag, ZendeskTag, Saved,
)  # fmt: skip


def said(simulators: Control, ts: str) -> Values:
    texts = [row["text"] for row in simulators.messages(CHANNEL_ID) if row["ts"] == ts]
    return {"is struck": texts[0].startswith("~"), "says": texts[0].strip("~")} if texts else {}
