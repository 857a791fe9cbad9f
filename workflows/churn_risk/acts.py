"""What a case does: one thread, one task, one tag, however many reasons there are."""

from collections.abc import Callable
from datetime import datetime

from models.chartmogul import CustomerNow
from models.effects import Effect
from models.templates.churn_risk import AtRisk, ChurnRiskOptions
from workflows.blocks.follow_up import FollowUp
from workflows.blocks.owner import InCharge, in_charge
from workflows.blocks.tag import tag
from workflows.blocks.thread import Thread, in_words
from workflows.blocks.truth import Truth
from workflows.churn_risk import texts
from workflows.engine.acting import Acting

Known = Truth[CustomerNow]
"""The customer, for as long as what is said of them is so."""


class Case:
    """`options` are those of the route by which the first reason came."""

    def __init__(self, acting: Acting, options: ChurnRiskOptions) -> None:
        self._acting, self._options = acting, options
        self._thread = Thread(acting, options.channel)
        self._task = FollowUp(acting, options.task) if options.task else None
        self._is_tagged = False
        self._owner = InCharge()

    async def open(self, known: Known, first: AtRisk) -> None:
        works_in = self._options.task.system if self._options.task else None
        customer = known.facts.customer
        self._owner = await in_charge(self._acting, self._options.owner, customer, works_in)
        await self._give_a_task(known, first)
        await self._tag(known)
        await self._alert(known, first)

    async def add(self, known: Known, further: AtRisk) -> None:
        """To thread and task; what could not be made for the first reason is made now."""
        name = f"reason_{further.id}"
        if self._task and self._task.is_there:
            await self._task.add(name, texts.task_line(further.reason))
        else:
            await self._give_a_task(known, further)
        await self._tag(known)
        if not self._thread.is_open:
            await self._alert(known, further)
            return

        async def reply(customer: CustomerNow, good_until: datetime) -> Effect:
            return await self._thread.reply(name, texts.further(customer, further.reason), good_until)

        await self._acting.log.attempt(known.say(reply))

    async def close(self, known: Known) -> bool:
        """Whether the risk was over still when that could be said."""
        await self._say("over", known, texts.over)
        if known.ended:
            return False
        if self._task and self._task.is_there:
            await self._task.add("over", texts.task_over(), close=True)
        if self._options.tag and self._options.tag.remove_when_over and self._is_tagged:
            await tag(self._acting, self._options.tag, known.facts.customer, remove=True)
        return True

    async def expire(self, known: Known, reasons: list[str]) -> None:
        await self._say("expired", known, lambda customer: texts.expired(customer, reasons))

    async def _give_a_task(self, known: Known, reason: AtRisk) -> None:
        task, options = self._task, self._options.task
        if task is None or options is None:
            return

        async def give(customer: CustomerNow, good_until: datetime) -> Effect:
            subject = texts.subject(options, customer, reason.reason)
            description = texts.description(customer, reason, self._owner, self._acting.link)
            return await task.give(self._owner, subject, description, good_until)

        await self._acting.log.attempt(known.say(give))

    async def _tag(self, known: Known) -> None:
        if self._options.tag and not self._is_tagged and not known.ended:
            tagged = await tag(self._acting, self._options.tag, known.facts.customer)
            self._is_tagged = tagged is not None and tagged.object_id is not None

    async def _alert(self, known: Known, reason: AtRisk) -> None:
        who = await in_words(self._acting, self._owner)
        task = self._task.made.link if self._task and self._task.made else None

        async def begin(customer: CustomerNow, good_until: datetime) -> Effect:
            links = [
                ("Open in ChartMogul", customer.customer.link),
                ("Open the task", task),
                ("Open the case", self._acting.link),
            ]
            blocks = texts.alert_blocks(customer, reason.reason, who, links)
            return await self._thread.begin(texts.alert(customer, reason.reason), blocks, good_until)

        await self._acting.log.attempt(known.say(begin))

    async def _say(self, name: str, known: Known, words: Callable[[CustomerNow], str]) -> None:
        """In no task with the end of the case, as one that is looked for: where a reason came meanwhile, such
        a task would be gone through again with that reason, and after the word was said."""

        async def reply(customer: CustomerNow, good_until: datetime) -> Effect:
            return await self._thread.reply(name, words(customer), good_until, repeat=True)

        if self._thread.is_open:
            await self._acting.log.attempt(known.say(reply))
