"""Churn save: a cancellation becomes a save task and a Slack alert, and is checked on later."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from activities.salesforce.steps import SalesforceActivities
from models.effects import Effect, Mode
from models.events import AnyEvent, MovementType, MrrMovement
from models.runs import Outcome, RunResult
from models.salesforce import AccountOwner, OwnerQuery, SaveTask, TaskChange
from models.slack import Message
from models.templates.churn_save import ChurnSaveInput
from temporal import GIVE_UP_AFTER, HEADLINE, RETURNS
from workflows.blocks.thread import mention, post_message
from workflows.churn_save import texts
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.reading import Reading
from workflows.churn_save.verdict import Sight, Verdict
from workflows.churn_save.watch import Watch
from workflows.engine.event_run import EventRun
from workflows.engine.patches import patched
from workflows.engine.run_log import OWNER, REASON
from workflows.engine.steps import OUTDATED, StepFailed, is_rerun, step

MOST_RETURNS = 20
"""Movements that a run lets itself be told of."""

Write = Callable[[ChurnFacts, datetime | None], Awaitable[Effect]]
"""Of what is known, and until when that may be said."""

Tell = Callable[[ChurnFacts, Verdict, datetime | None], Awaitable[Effect]]
"""The same, of what became of them."""

Holds = Callable[[ChurnFacts], bool]

PATCH = "replies-of-now"
"""Of runs that began before, the replies that name a late task, and that nobody knows, are not read again
where they are held up; run again they take a reply that is there for said, whatever it says."""

MOST_REPLIES = 10
"""With a verdict, of all runs of one event."""


@workflow.defn(name="churn_save")
class ChurnSave(EventRun[ChurnSaveInput]):
    @workflow.init
    def __init__(self, given: ChurnSaveInput) -> None:
        super().__init__(given)
        self._options = given.options
        self._reading = Reading(given)
        self._owner: AccountOwner | None = None
        self._task: Effect | None = None
        self._only_find = False  # run again for a customer who is back: finish what was begun, begin nothing
        self._moot = False  # what was held up was not written: it was true no more
        self._is_unread = False  # nor was this: nobody can tell whether it is true
        self._replies = 0
        self._is_thread_read = False
        self._last_reply: Effect | None = None  # with a verdict, of an earlier run
        self._returns: list[str] = []

    @workflow.run
    async def run(self, given: ChurnSaveInput) -> RunResult:
        return await self._when_released(self._save)

    async def _save(self) -> RunResult:
        await self._wait_for_its_day("Wait for the day of the cancellation")
        return await self._act()

    async def _act(self) -> RunResult:
        """By what ChartMogul shows now. Begins anew where that was over before it could be said."""
        self._moot = False
        facts = await self._read_back_from_chartmogul()
        if facts is None:
            return self._run_log.end(Outcome.UNVERIFIED, self._reading.doubt)
        if self._reading.is_back(facts) and not is_rerun():
            return await self._tell_they_are_back(facts)
        self._only_find = self._reading.is_over(facts)
        self._run_log.explain(REASON, facts.reason(self._options.reason_attributes))
        task = asyncio.create_task(self._give_the_owner_a_save_task(facts))
        await self._wait_a_little_for(task)
        alert = await self._alert_the_channel(facts)
        late = not task.done()
        await task
        if late:
            await self._add_the_late_task(facts, alert)
        if self._is_nothing_to_save(alert):
            return await self._end_with_nothing_made(facts)
        return await self._check_back(alert)

    @workflow.signal(name="came_back", description="A movement says that the customer may pay again")
    def came_back(self, movement: MrrMovement) -> None:
        """Once for each movement, however often it is told; the memo tells the next scan that this run
        knows. Runs that began earlier wait for their check-back."""
        if movement.event_id in self._returns or len(self._returns) >= MOST_RETURNS:
            return
        self._returns.append(movement.event_id)
        workflow.upsert_memo({RETURNS: self._returns})
        if self._given.who_pays_decides:
            self._reading.ask()

    def _begin_now(self) -> None:
        super()._begin_now()
        self._reading = self._reading.of(self._given)

    def _act_on_restatement(self, now: AnyEvent) -> None:
        if self._given.who_pays_decides and now.type != MovementType.CHURN:
            self._reading.ask()  # there was no cancellation, perhaps

    async def _read_back_from_chartmogul(self) -> ChurnFacts | None:
        """None where ChartMogul contradicts the event. Fails the run where nobody can tell."""
        try:
            return await self._reading.at_first()
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None

    async def _tell_they_are_back(self, facts: ChurnFacts) -> RunResult:
        async def post(now: ChurnFacts, verdict: Verdict, good_until: datetime | None) -> Effect:
            text = texts.already_saved_text(now, verdict)
            message = self._message("already_saved", text, good_until=good_until)
            return await post_message(message, "Say they are back")

        verdict = self._reading.verdict(facts, 0)
        assert verdict is not None  # their list of movements was read
        again = self._given.rereads_verdicts
        said = await self._say(facts, (verdict, 0), post, self._reading.is_back, again=again)
        if self._moot:
            return await self._act()
        return self._end_with(said, Outcome.ALREADY_SAVED)

    def _is_nothing_to_save(self, alert: Effect | None) -> bool:
        return (self._only_find or self._moot) and not self._found(alert) and not self._found(self._task)

    async def _end_with_nothing_made(self, facts: ChurnFacts) -> RunResult:
        facts = self._reading.facts or facts
        if self._reading.is_back(facts):
            return await self._tell_they_are_back(facts)
        return self._run_log.end(Outcome.UNVERIFIED, self._reading.why_not(facts))

    @staticmethod
    def _found(effect: Effect | None) -> bool:
        return effect is not None and effect.object_id is not None

    async def _give_the_owner_a_save_task(self, facts: ChurnFacts) -> None:
        self._owner = owner = await self._find_the_owner(facts)
        if owner is None:
            return
        self._run_log.explain(OWNER, texts.owner_line(owner))
        self._run_log.name(owner.owner_id, owner.owner_name)

        async def make(now: ChurnFacts, good_until: datetime | None) -> Effect:
            task = self._save_task(now, owner, good_until)
            effect = await step(SalesforceActivities.create_save_task, task, summary=task.subject[:100])
            return _noted(effect, owner.why_fallback, *owner.left_out, *texts.left_out(now))

        self._task = await self._run_log.attempt(self._while_to_save(facts, make))

    async def _find_the_owner(self, facts: ChurnFacts) -> AccountOwner | None:
        """The task needs none: where the look-up fails for good the fallback owner gets it, and why."""
        fallback = self._options.task.fallback_owner
        query = OwnerQuery(
            customer_uuid=facts.customer.uuid, email=facts.customer.email, fallback_email=fallback
        )
        look_up = self._look_up(query)
        if not self._given.who_pays_decides:
            return await self._run_log.attempt(look_up)
        try:
            return await look_up
        except StepFailed as failure:
            self._run_log.note_fallback(failure)
            why = f"The account's owner could not be looked up: {failure}"
            return AccountOwner(owner_email=fallback, why_fallback=why)

    async def _look_up(self, query: OwnerQuery) -> AccountOwner:
        """Whom the account's field names, else its owner. Raises StepFailed."""
        named, find = self._options.task.salesforce_user_field, SalesforceActivities.find_account_owner
        if named:
            asked = query.model_copy(update={"user_field": named})
            found = await step(find, asked, summary=f"Find whom {named} names")
            if found.owner_id:
                return found
        return await step(find, query, summary="Find the owner")

    async def _wait_a_little_for(self, task: asyncio.Task[None]) -> None:
        """The alert links the task, but a Salesforce that is down must not hold it back."""
        patience = timedelta(seconds=self._options.alert_waits_seconds)
        with suppress(TimeoutError):
            await workflow.wait_condition(
                task.done, timeout=patience, timeout_summary="The alert waits for the save task"
            )

    def _save_task(self, facts: ChurnFacts, owner: AccountOwner, good_until: datetime | None) -> SaveTask:
        options = self._options.task
        return SaveTask(
            key=self._key("save_task"),
            mode=self._given.mode,
            only_find=self._only_find,
            good_until=good_until,
            subject=texts.task_subject(self._given, facts),
            due=texts.due_date(self._given),
            priority=options.priority,
            description=texts.task_description(self._given, facts, owner, self._run_link()),
            owner_id=owner.owner_id,
            owner_name=owner.owner_name,
            fallback_email=options.fallback_owner,
            account_id=owner.account_id,
            contact_id=owner.contact_id,
            fields=options.fields,
        )

    async def _alert_the_channel(self, facts: ChurnFacts) -> Effect | None:
        async def post(now: ChurnFacts, good_until: datetime | None) -> Effect:
            owner = texts.owner_field(self._owner, await self._owner_mention())
            blocks = texts.alert_blocks(self._given, now, owner, self._links(now))
            text = texts.alert_text(self._given, now)
            message = self._message("alert", text, blocks=blocks, good_until=good_until)
            return _noted(await post_message(message, "Alert the channel"), *texts.left_out(now))

        return await self._run_log.attempt(self._while_to_save(facts, post))

    def _links(self, facts: ChurnFacts) -> list[tuple[str, str | None]]:
        return [
            ("Open in ChartMogul", facts.customer.link),
            ("Open the task", self._task.link if self._task else None),
            ("Open the run", self._run_link()),
        ]

    async def _while_to_save(self, facts: ChurnFacts, write: Write) -> Effect | None:
        """Of a customer whom nobody knows any more nothing is said, and a person is told at once."""
        return await self._while_true(facts, write, self._is_to_save, first=True)

    async def _while_true(
        self, facts: ChurnFacts, write: Write, holds: Holds | None, *, first: bool = False
    ) -> Effect | None:
        """Write what is so now: what was held up for minutes, or is said to be otherwise, is read again
        first. None where it holds no more. What a pause held up for days is tried once more, too: so it
        counts when the last try began. Without `holds` it is so for as long as nobody knows the customer."""
        began, times = workflow.now(), 0
        while True:
            times, tried_at = times + 1, workflow.now()
            if not self._reading.is_asked_for:
                try:
                    return await write(facts, self._reading.good_until(times))
                except StepFailed as failure:
                    if failure.kind != OUTDATED or tried_at - began > GIVE_UP_AFTER:
                        raise
            now = await self._read_again(must_be_known=first)
            if not (holds(now) if holds and now else holds is None and now is None):
                self._moot = self._reading.is_asked_for = True
                return None
            facts = now or facts

    async def _read_again(self, *, must_be_known: bool) -> ChurnFacts | None:
        """Raises StepFailed where it cannot be read, or nobody knows whom it `must_be_known` of."""
        try:
            now = await self._reading.again()
        except StepFailed:
            self._is_unread = self._given.rereads_verdicts
            raise
        if now is None and must_be_known and self._given.rereads_verdicts:
            self._is_unread = True
            raise self._reading.unknown()
        return now

    def _is_to_save(self, facts: ChurnFacts) -> bool:
        return self._only_find or self._reading.sight(facts) is Sight.CHURN

    async def _add_the_late_task(self, facts: ChurnFacts, alert: Effect | None) -> None:
        """Where the alert could not wait for the task, its thread names owner and task afterwards."""
        link, thread = self._task and self._task.link, alert and alert.object_id
        if not link or not thread:
            return

        async def post(_: ChurnFacts, good_until: datetime | None) -> Effect:
            text = texts.late_task_text(self._owner, await self._owner_mention(), link)
            message = self._message("late_task", text, thread_ts=thread, good_until=good_until)
            return await post_message(message, "Add the task to the thread")

        if patched(PATCH):
            await self._run_log.attempt(self._while_to_save(self._reading.facts or facts, post))
        else:
            await self._run_log.attempt(post(facts, None))

    async def _owner_mention(self) -> str:
        """A mention where Slack knows the e-mail. Its absence is no problem: the name does."""
        if self._owner is None:
            return "not known yet"
        return await mention(self._acting(), self._owner.owner_email, self._owner.owner_name)

    async def _check_back(self, alert: Effect | None) -> RunResult:
        """Say once what became of the customer. Where nobody can tell there is no verdict: better no word
        than a wrong one."""
        if self._given.shadow:
            await self._keep_its_day()
        if self._given.mode is Mode.PREVIEW:
            return self._run_log.end(Outcome.PREVIEWED)
        if not self._options.check_back_days and not self._is_to_look:
            # Temporal forgets closed runs; one that lies ahead would be listed, and acted on, again
            await self._sleep_until(self._given.event.occurred_at, "Wait for the day of the cancellation")
            return self._run_log.end(Outcome.ACTED)
        watch = Watch(self._given, self._reading, self._run_log)
        end = None
        while end is None:
            end = await self._end_by(await watch.until_known(), alert, watch)
        return end

    async def _end_by(self, verdict: Verdict | None, alert: Effect | None, watch: Watch) -> RunResult | None:
        """None where it came to be untrue before it was said: then we wait on."""
        if verdict is None:
            return await self._end_without_verdict(alert, unknown=watch.is_unknown)
        if verdict.is_lost and not self._options.check_back_days:
            return self._run_log.end(Outcome.ACTED)
        return await self._record_verdict(verdict, alert, watch.days)

    @property
    def _is_to_look(self) -> bool:
        """Although the route checks back on nobody."""
        return self._moot or (self._reading.is_hinted and self._given.rereads_verdicts)

    async def _record_verdict(self, verdict: Verdict, alert: Effect | None, days: float) -> RunResult | None:
        """In the thread and in the task the same. None where it came to be untrue before it was said: then
        we wait on. Where nobody can tell any more, nothing further is said."""
        self._moot = False
        thread = alert.object_id if alert else None
        said: Verdict | None = verdict
        if thread:
            said = await self._reply(verdict, thread, days)
        if said and self._found(self._task):
            in_thread, said = said, await self._tell_the_task(said, days)
            if thread and said and said.title != in_thread.title:  # they came back in between
                said = await self._reply(said, thread, days)
        return None if self._moot else self._end_with(said)

    async def _reply(self, verdict: Verdict, thread_ts: str, days: float) -> Verdict | None:
        """The verdict that was said: where Slack was away for long it may be another one."""

        async def post(now: ChurnFacts, said: Verdict, good_until: datetime | None) -> Effect:
            await self._look_for_earlier_replies(thread_ts)
            if self._last_reply and texts.says(self._last_reply.after.get("text", ""), said):
                return self._last_reply
            text = texts.reply_text(now, said)
            message = self._message(self._name_of_the_reply, text, thread_ts=thread_ts, good_until=good_until)
            effect = await post_message(message, "Reply in the thread")
            self._replies, self._last_reply = self._replies + 1, None
            return effect

        return await self._say_verdict(verdict, days, post)

    @property
    def _name_of_the_reply(self) -> str:
        return f"verdict_{self._replies + 1}" if self._replies else "verdict"

    async def _look_for_earlier_replies(self, thread_ts: str) -> None:
        """Where a person runs it again the thread may have one or more: the last one counts. Raises
        StepFailed."""
        if self._is_thread_read or not is_rerun() or not patched(PATCH):
            return
        while self._replies < MOST_REPLIES:
            message = self._message(self._name_of_the_reply, "", thread_ts=thread_ts, only_find=True)
            found = await post_message(message, "Look for an earlier reply")
            if not self._found(found):
                break
            self._replies, self._last_reply = self._replies + 1, found
        self._is_thread_read = True

    async def _say_verdict(
        self, verdict: Verdict, days: float, tell: Tell, *, again: bool = True
    ) -> Verdict | None:
        facts = self._reading.facts
        assert facts is not None  # the verdict is about them

        def holds(now: ChurnFacts) -> bool:
            found = self._reading.verdict(now, days)
            return found is not None and (verdict.is_lost or not found.is_lost)

        return await self._say(facts, (verdict, days), tell, holds, again=again)

    async def _say(
        self, facts: ChurnFacts, known: tuple[Verdict, float], tell: Tell, holds: Holds, *, again: bool
    ) -> Verdict | None:
        """What was said. None where nothing was, because it holds no more or nobody can tell. `known` is
        the verdict by now, and its days; `again` says to read again what was held up."""
        said, days = known

        async def write(now: ChurnFacts, good_until: datetime | None) -> Effect:
            nonlocal said
            found = self._reading.verdict(now, days)
            assert found is not None  # it holds
            said = found
            return await tell(now, said, good_until)

        self._moot = self._is_unread = False
        told = self._while_true(facts, write, holds) if again else write(facts, None)
        await self._run_log.attempt(told)
        return None if self._moot or self._is_unread else said

    async def _end_without_verdict(self, alert: Effect | None, *, unknown: bool) -> RunResult | None:
        """None where ChartMogul knew them again before it was said that nobody does."""
        if not unknown:
            return self._run_log.end(Outcome.PARTIAL)
        facts, thread = self._reading.facts, alert and alert.object_id
        if not patched(PATCH):
            self._run_log.note_problem(self._reading.unknown())
            if facts and thread:
                await self._run_log.attempt(self._say_nobody_knows(facts, thread, None))
            return self._run_log.end(Outcome.PARTIAL)
        self._moot = self._is_unread = False
        if facts and thread:

            async def post(then: ChurnFacts, good_until: datetime | None) -> Effect:
                return await self._say_nobody_knows(then, thread, good_until)

            await self._run_log.attempt(self._while_true(facts, post, None))
        if self._moot:
            return None
        if not self._is_unread:
            self._run_log.note_problem(self._reading.unknown())
        return self._run_log.end(Outcome.PARTIAL)

    async def _say_nobody_knows(self, facts: ChurnFacts, thread: str, good_until: datetime | None) -> Effect:
        text = texts.unknown_text(facts)
        message = self._message("unknown", text, thread_ts=thread, good_until=good_until)
        return await post_message(message, "Reply in the thread")

    def _end_with(self, verdict: Verdict | None, outcome: Outcome | None = None) -> RunResult:
        """`outcome` where it is another than the verdict's. Without a verdict nobody can tell."""
        if verdict is None:
            return self._run_log.end(Outcome.PARTIAL)
        if verdict.partly and outcome is None:
            line = f"{self._given.event.headline}: partly saved"
            workflow.upsert_search_attributes([HEADLINE.value_set(line)])
        return self._run_log.end(outcome or verdict.outcome, texts.verdict_text(verdict))

    async def _tell_the_task(self, verdict: Verdict, days: float) -> Verdict | None:
        """The verdict that the task was told: where Salesforce was away for long it may be another one."""

        async def record(_: ChurnFacts, said: Verdict, good_until: datetime | None) -> Effect:
            change = self._task_change(said, good_until)
            told = SalesforceActivities.record_task_outcome
            return await step(told, change, summary="Record the outcome in the task")

        return await self._say_verdict(verdict, days, record, again=self._given.rereads_verdicts)

    def _task_change(self, verdict: Verdict, good_until: datetime | None) -> TaskChange:
        options = self._options.task
        fields = {
            Outcome.SAVED: options.fields_when_saved,
            Outcome.WITHDRAWN: options.fields_when_withdrawn,
            Outcome.LOST: options.fields_when_lost,
        }
        return TaskChange(
            key=self._key("task_outcome"),
            good_until=good_until,
            task_key=self._key("save_task"),
            append_to_description=texts.task_outcome_line(verdict),
            close=not verdict.is_lost and options.close_when_saved and self._given.who_pays_decides,
            fields=fields[verdict.outcome],
        )

    def _message(self, name: str, text: str, *, only_find: bool = False, **more: Any) -> Message:
        return Message(
            key=self._key(name),
            mode=self._given.mode,
            only_find=only_find or (self._only_find and name == "alert"),
            channel=self._options.channel,
            text=text,
            not_before=self._acting().earliest,
            **more,
        )


def _noted(effect: Effect, *notes: str | None) -> Effect:
    """With what was done without, or in another way, and why."""
    said: list[str] = []
    for note in (effect.note, *notes):
        if note and not any(note in each for each in said):
            said.append(note)
    return effect.model_copy(update={"note": "; ".join(said)}) if said else effect
