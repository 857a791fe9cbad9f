"""Churn save: a cancellation becomes a save task and a Slack alert, and is checked on later."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow

from activities.chartmogul import CustomerQuery
from activities.salesforce import SalesforceActivities
from activities.slack import SlackActivities
from models.churn_save import ChurnSaveInput
from models.effects import Effect, Mode
from models.events import MrrMovement
from models.runs import Outcome, RunResult
from models.salesforce import AccountOwner, OwnerQuery, SaveTask, TaskChange
from models.slack import MemberQuery, Message
from temporal import run_link
from workflows import churn_texts as texts
from workflows.churn_facts import ChurnFacts
from workflows.ledger import OWNER, REASON, Ledger
from workflows.reading_back import read_back
from workflows.steps import StepFailed, glance, is_rerun, step
from workflows.trouble import pausing


@workflow.defn(name="churn_save")
class ChurnSave:
    @workflow.init
    def __init__(self, given: ChurnSaveInput) -> None:
        self._given = given
        self._options = given.options
        self._ledger = Ledger.of_event(given)
        self._owner: AccountOwner | None = None
        self._task: Effect | None = None
        self._only_find = False  # run again for a customer who is back: finish what was begun, begin nothing
        self._stated = [given.event.stated]

    @workflow.run
    async def run(self, given: ChurnSaveInput) -> RunResult:
        if given.wait and given.scheduled:
            await self._sleep_until(given.acts_at, "Wait for the day of the cancellation")
        try:
            facts = await self._read_back_from_chartmogul()
        except StepFailed as failure:
            raise self._ledger.fail(failure) from None
        if facts is None:
            return self._ledger.end(Outcome.UNVERIFIED)
        if facts.reactivated and not is_rerun():
            return await self._tell_they_are_back(facts)
        self._only_find = facts.reactivated
        self._ledger.explain(REASON, facts.reason(self._options.reason_attributes))
        task = asyncio.create_task(self._give_the_owner_a_save_task(facts))
        await self._wait_a_little_for(task)
        alert = await self._alert_the_channel(facts)
        late = not task.done()
        await task
        if late:
            await self._add_the_late_task(alert)
        if self._only_find and not self._found(alert) and not self._found(self._task):
            return await self._tell_they_are_back(facts)
        return self._ledger.end(await self._check_back(facts, alert))

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._ledger.effects

    @workflow.signal(name="restated", description="ChartMogul says otherwise of this movement now")
    def restated(self, now: MrrMovement) -> None:
        self._ledger.note_restatement(self._stated, now.stated)

    async def _read_back_from_chartmogul(self) -> ChurnFacts | None:
        """None where ChartMogul contradicts the event, also after it had time to settle."""
        facts = await self._read()
        if facts is None or self._is_contradicted_by(facts):
            settling = timedelta(seconds=self._options.settling_seconds)
            await workflow.sleep(settling, summary="Give ChartMogul time to show the cancellation")
            facts = await self._read()
        return None if facts is None or self._is_contradicted_by(facts) else facts

    def _is_contradicted_by(self, facts: ChurnFacts) -> bool:
        """Of one that was listed before its day the list decides, also on the day: the customer may be
        shown as paying for a while longer."""
        if self._given.scheduled:
            return not facts.announced and not facts.reactivated
        return facts.still_paying and not facts.reactivated

    def _is_back(self, facts: ChurnFacts) -> bool:
        return facts.reactivated or (self._given.scheduled and facts.stayed)

    async def _read(self) -> ChurnFacts | None:
        """None where ChartMogul does not know the customer."""
        event = self._given.event
        query = CustomerQuery(account=event.account, customer_uuid=event.customer_uuid)
        found = await read_back(query, at_once=self._given.reads_at_once)
        return ChurnFacts(event=event, **dict(found)) if found else None

    async def _tell_they_are_back(self, facts: ChurnFacts) -> RunResult:
        await self._tell_slack("already_saved", "Say they are back", texts.already_saved_text(facts))
        return self._ledger.end(Outcome.ALREADY_SAVED)

    @staticmethod
    def _found(effect: Effect | None) -> bool:
        return effect is not None and effect.object_id is not None

    async def _give_the_owner_a_save_task(self, facts: ChurnFacts) -> None:
        query = OwnerQuery(
            customer_uuid=facts.customer.uuid,
            email=facts.customer.email,
            fallback_email=self._options.task.fallback_owner,
        )
        find = SalesforceActivities.find_account_owner
        self._owner = await self._ledger.attempt(step(find, query, summary="Find the owner"))
        if self._owner is not None:
            self._ledger.explain(OWNER, texts.owner_line(self._owner))
            self._ledger.name(self._owner.owner_id, self._owner.owner_name)
            save = SalesforceActivities.create_save_task
            task = self._save_task(facts, self._owner)
            self._task = await self._ledger.attempt(step(save, task, summary=task.subject[:100]))

    async def _wait_a_little_for(self, task: asyncio.Task[None]) -> None:
        """The alert links the task, but a Salesforce that is down must not hold it back."""
        patience = timedelta(seconds=self._options.alert_waits_seconds)
        with suppress(TimeoutError):
            await workflow.wait_condition(
                task.done, timeout=patience, timeout_summary="The alert waits for the save task"
            )

    def _save_task(self, facts: ChurnFacts, owner: AccountOwner) -> SaveTask:
        options = self._options.task
        return SaveTask(
            key=self._key("save_task"),
            mode=self._given.mode,
            only_find=self._only_find,
            subject=texts.task_subject(self._given, facts),
            due=texts.due_date(self._given.acts_at, options),
            priority=options.priority,
            description=texts.task_description(self._given, facts, owner, self._run_link()),
            owner_id=owner.owner_id,
            account_id=owner.account_id,
            contact_id=owner.contact_id,
            fields=options.fields,
        )

    async def _alert_the_channel(self, facts: ChurnFacts) -> Effect | None:
        links = [
            ("Open in ChartMogul", facts.customer.link),
            ("Open the task", self._task.link if self._task else None),
            ("Open the run", self._run_link()),
        ]
        blocks = texts.alert_blocks(self._given, facts, await self._owner_mention(), links)
        text = texts.alert_text(self._given, facts)
        return await self._tell_slack("alert", "Alert the channel", text, blocks=blocks)

    async def _add_the_late_task(self, alert: Effect | None) -> None:
        """Where the alert could not wait for the task, its thread names owner and task afterwards."""
        if self._task and self._task.link and alert and alert.object_id:
            text = texts.late_task_text(await self._owner_mention(), self._task.link)
            await self._tell_slack("late_task", "Add the task to the thread", text, thread_ts=alert.object_id)

    async def _owner_mention(self) -> str:
        """A mention where Slack knows the e-mail. Its absence is no problem: the name does."""
        member = None
        if self._owner and self._owner.owner_email:
            with suppress(StepFailed):
                query = MemberQuery(email=self._owner.owner_email)
                member = await glance(SlackActivities.find_member, query)
        if self._owner and member:
            self._ledger.name(f"<@{member.id}>", self._owner.owner_name or member.name)
        return texts.mention(self._owner, member)

    async def _check_back(self, facts: ChurnFacts, alert: Effect | None) -> Outcome:
        """Look again after the route's days; say once what became of the customer."""
        if self._given.mode is Mode.PREVIEW:
            return Outcome.PREVIEWED
        if not self._options.check_back_days:
            # Temporal forgets closed runs; one that lies ahead would be listed, and acted on, again
            await self._sleep_until(self._given.event.occurred_at, "Wait for the day of the cancellation")
            return Outcome.ACTED
        unread = False
        left = max(self._given.received_at, self._given.event.occurred_at)
        for days in self._options.check_back_days:
            await self._sleep_until(
                left + timedelta(days=days), f"Check back {days:g} days after the cancellation"
            )
            try:
                facts, unread = await self._read() or facts, False
            except StepFailed as failure:
                self._ledger.note_problem(failure)
                unread = True
            if self._is_back(facts):
                break
        if unread:
            return Outcome.PARTIAL  # nobody knows what became of them: better no word than a wrong one
        await self._record_verdict(facts, alert, days)
        return Outcome.SAVED if self._is_back(facts) else Outcome.LOST

    async def _sleep_until(self, instant: datetime, summary: str) -> None:
        left = instant - workflow.now()
        if left > timedelta(0):
            with pausing(summary, instant):
                await workflow.sleep(left, summary=summary)

    async def _record_verdict(self, facts: ChurnFacts, alert: Effect | None, days: float) -> None:
        saved = self._is_back(facts)
        if alert and alert.object_id:
            text = texts.reply_text(facts, saved, days)
            await self._tell_slack("verdict", "Reply in the thread", text, thread_ts=alert.object_id)
        if self._found(self._task):
            await self._tell_the_task(saved, days)

    async def _tell_the_task(self, saved: bool, days: float) -> None:
        options = self._options.task
        change = TaskChange(
            key=self._key("task_outcome"),
            task_key=self._key("save_task"),
            append_to_description=texts.task_outcome_line(saved, days),
            fields=options.fields_when_saved if saved else options.fields_when_lost,
        )
        record = SalesforceActivities.record_task_outcome
        await self._ledger.attempt(step(record, change, summary="Record the outcome in the task"))

    async def _tell_slack(
        self,
        name: str,
        summary: str,
        text: str,
        *,
        blocks: list[dict[str, object]] | None = None,
        thread_ts: str | None = None,
    ) -> Effect | None:
        message = Message(
            key=self._key(name),
            mode=self._given.mode,
            only_find=self._only_find and name == "alert",
            channel=self._options.channel,
            text=text,
            blocks=blocks or [],
            thread_ts=thread_ts,
            not_before=self._earliest(),
        )
        post = SlackActivities.post_message
        return await self._ledger.attempt(step(post, message, summary=summary))

    def _earliest(self) -> datetime:
        """No message of ours is older. A preview may look for one that another run has made."""
        preview = self._given.mode is Mode.PREVIEW
        return self._given.event.occurred_at if preview else self._given.received_at

    def _key(self, name: str) -> str:
        return f"{self._given.event.event_id}:{name}"

    def _run_link(self) -> str:
        info = workflow.info()
        return run_link(self._given.web_ui_url, info.namespace, info.workflow_id, info.run_id)
