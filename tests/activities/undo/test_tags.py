"""Tags in Intercom and Zendesk are taken back, and put back; messages and interactions are not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from activities.gong import GongActivities
from activities.intercom import IntercomActivities
from activities.zendesk import ZendeskActivities
from clients.gong.client import GongClient
from clients.intercom.client import IntercomClient
from clients.zendesk.client import ZendeskClient
from models.effects import Action, Effect, Mode
from models.gong import Interaction
from models.intercom import InAppMessage
from models.tagging import Tagging, TagTarget
from models.undo import UndoState
from simulators.kit.control import Control
from simulators.kit.shapes import System
from tests.activities.undo.taking_back import Steps
from tests.conftest import settings_for

TAG, OTHER = "at-risk", "vip-2"


@dataclass
class Tags(Steps):
    """On one kind of record of one system."""

    simulators: Control
    owner: Any
    system: System
    target: TagTarget
    id: str

    def __post_init__(self) -> None:
        super().__init__(self.simulators, self.owner, self.system)

    async def turn(self, *, remove: bool = False, tag: str = TAG, **more: Any) -> Effect:
        given = {"key": f"e:{tag}", "tag": tag, "target": self.target, "external_ids": [self.id]}
        effect: Effect = await self.run("tag", Tagging.model_validate({**given, "remove": remove, **more}))
        return effect

    async def names(self) -> set[str]:
        """Whether it has ours and another."""
        said = [await self.turn(tag=tag, mode=Mode.PREVIEW) for tag in (TAG, OTHER)]
        there = {tag for tag, each in zip((TAG, OTHER), said, strict=True) if each.action is Action.UNCHANGED}
        return there


@pytest.fixture
async def intercom(simulators: Control) -> AsyncIterator[IntercomClient]:
    settings = settings_for(simulators.url).intercom
    assert settings
    client = IntercomClient(settings)
    yield client
    await client.aclose()


@pytest.fixture
async def zendesk(simulators: Control) -> AsyncIterator[ZendeskClient]:
    settings = settings_for(simulators.url).zendesk
    assert settings
    client = ZendeskClient(settings.model_copy(update={"requests_per_minute": 1_000_000}))
    yield client
    await client.aclose()


PLACES = [
    ("intercom", TagTarget.PERSON),
    ("intercom", TagTarget.ORGANIZATION),
    ("zendesk", TagTarget.PERSON),
    ("zendesk", TagTarget.ORGANIZATION),
]


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}-{place[1]}")
def tags(
    request: pytest.FixtureRequest, simulators: Control, intercom: IntercomClient, zendesk: ZendeskClient
) -> Tags:
    system, target = request.param
    owner = IntercomActivities(intercom) if system == "intercom" else ZendeskActivities(zendesk)
    case = "user" if system == "intercom" else "known"
    [row] = simulators.ask("GET", f"{system}/customers", query={"case": case, "limit": 1})
    return Tags(simulators, owner, system, target, row["external_id"])


async def test_a_tag_is_taken_off_and_put_on_again(tags: Tags) -> None:
    await tags.turn(tag=OTHER)
    put_on = await tags.turn()
    taken = await tags.seen_and_done(put_on)
    assert (taken.effect.before, taken.effect.after) == ({"tags": [TAG]}, {"tags": []})
    assert await tags.names() == {OTHER}
    again = await tags.seen_and_done(taken.effect)
    assert (again.effect.object_id, again.effect.key) == (put_on.object_id, "undo:1")
    assert await tags.names() == {TAG, OTHER}


async def test_a_tag_that_was_taken_off_is_put_on(tags: Tags) -> None:
    await tags.turn()
    taken_off = await tags.turn(remove=True)
    await tags.seen_and_done(taken_off)
    assert await tags.names() == {TAG}


async def test_what_a_person_has_done_already_is_left(tags: Tags) -> None:
    put_on = await tags.turn()
    await tags.turn(remove=True)
    done = await tags.seen_and_done(put_on)
    assert done.effect.action is Action.UNCHANGED
    assert await tags.names() == set()


@pytest.mark.parametrize("remove", [False, True])
async def test_no_answer_to_the_undo_of_a_tag(tags: Tags, remove: bool) -> None:
    if remove:
        await tags.turn()
    effect = await tags.turn(remove=remove)
    method = {("intercom", True): "POST", ("zendesk", True): "PUT"}.get((tags.system, remove))
    if tags.system == "intercom" and tags.target is TagTarget.ORGANIZATION:
        method = "POST"
    path = "/tags$" if tags.system == "zendesk" or method == "POST" else "/tags/"
    skip = 1 if (tags.system, tags.target, remove) == ("intercom", TagTarget.PERSON, True) else 0
    await tags.done_then_dropped(effect, method=method or "DELETE", path=path, skip=skip)
    assert await tags.names() == ({TAG} if remove else set())


async def test_a_run_that_sets_a_tag_twice_is_seen_back_to_its_beginning(tags: Tags) -> None:
    """A preview sees the newer effect still."""
    put_on = await tags.turn()
    other = await tags.turn(tag=OTHER)
    taken_off = await tags.turn(remove=True)
    assert (await tags.preview(put_on, newer=[taken_off, other])).state is UndoState.UNDONE
    first = await tags.seen_and_done(taken_off)
    assert first.effect.after == {"tags": [TAG]}
    await tags.seen_and_done(put_on, newer=[taken_off, other])
    assert await tags.names() == {OTHER}


async def test_who_is_there_no_more(simulators: Control, tags: Tags) -> None:
    effect = await tags.turn()
    if tags.system == "zendesk":
        kind = "users" if tags.target is TagTarget.PERSON else "organizations"
        simulators.ask("DELETE", f"zendesk/{kind}/{effect.object_id}")
    elif tags.target is TagTarget.PERSON:
        simulators.ask("POST", f"intercom/contacts/{effect.object_id}/archive")
    else:  # nobody deletes a company in Intercom's simulator
        effect = effect.model_copy(update={"object_id": "5f7f0d0000000000000fffff"})
    await tags.seen_and_done(effect, UndoState.GONE)


@pytest.mark.parametrize(
    "lacks",
    [
        {"object_id": None},
        {"before": None, "after": {}},
        {"before": {"tags": []}, "after": {"tags": ["a", "b"]}},
        {"before": {"tags": ["a"]}, "after": {"tags": ["a"]}},
    ],
)
async def test_an_effect_that_does_not_say_enough(tags: Tags, lacks: dict[str, Any]) -> None:
    effect = (await tags.turn()).model_copy(update=lacks)
    await tags.seen_and_done(effect, UndoState.NOT_POSSIBLE)
    assert await tags.names() == {TAG}


async def test_a_message_is_not_taken_back(simulators: Control, intercom: IntercomClient) -> None:
    steps = Steps(simulators, IntercomActivities(intercom), "intercom")
    [row] = simulators.ask("GET", "intercom/customers", query={"case": "user", "limit": 1})
    contact = await intercom.contact_of(row["external_id"])
    assert contact is not None
    message = InAppMessage.model_validate(
        {"key": "e:hi", "person_id": contact.id, "role": "user", "body": "Hi"}
    )
    sent = await steps.run("send_message", message)
    done = await steps.seen_and_done(sent, UndoState.NOT_POSSIBLE)
    assert "may have read it" in done.note


async def test_an_interaction_is_not_taken_back(simulators: Control) -> None:
    settings = settings_for(simulators.url).gong
    assert settings
    client = GongClient(settings)
    steps = Steps(simulators, GongActivities(client), "gong")
    interaction = Interaction(
        key="e:log", occurred_at=datetime.now(UTC), event_type="Churn", title="Left", email="ann@acme.example"
    )
    logged = await steps.run("log_interaction", interaction)
    await steps.seen_and_done(logged, UndoState.NOT_POSSIBLE)
    await client.aclose()


@pytest.mark.parametrize("owner", [IntercomActivities(None), ZendeskActivities(None), GongActivities(None)])
async def test_a_system_that_is_off_takes_nothing_back(simulators: Control, owner: object) -> None:
    effect = Effect(
        system="any", object_type="user", action=Action.UPDATED, key="e:1", object_id="1",
        before={"tags": []}, after={"tags": [TAG]},
    )  # fmt: skip
    await Steps(simulators, owner, "gong").seen_and_done(effect, UndoState.NOT_POSSIBLE)
