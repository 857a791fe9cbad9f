"""A system's worker against the real server: none while the system is closed for long, one afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.resting import RestingWorker, Slots
from clients.kit.cooldown import Cooldown, patient_for
from clients.kit.errors import RateLimited
from commands.serve import new_event_loop
from tests.waiting import until

SLOTS, PATIENCE = 3, 2.0
LOST_AFTER = timedelta(seconds=10)
"""The server may hand a task to a poll that ends in that moment: it is tried again, as a step is."""
QUEUES = (f"resting-{number}" for number in count())


@workflow.defn
class OneStep:
    @workflow.run
    async def run(self, queue: str) -> int:
        result: int = await workflow.execute_activity(
            "tries",
            task_queue=queue,
            start_to_close_timeout=LOST_AFTER,
            schedule_to_close_timeout=timedelta(minutes=2),
            result_type=int,
        )
        return result


class Fixture:
    """A resting worker of a queue of its own, and what it was made of."""

    def __init__(self, client: Client, rests_from: timedelta) -> None:
        self.client, self.queue = client, next(QUEUES)
        self.cooldown = Cooldown("slack")
        self.made: list[Worker] = []
        self.numbers = count()
        self.resting = RestingWorker(self.cooldown, SLOTS, self._make, rests_from=rests_from, empty_after=0.2)

    def _make(self, slots: Slots) -> Worker:
        self.made.append(
            Worker(
                self.client,
                task_queue=self.queue,
                activities=[self.tries],
                max_concurrent_activities=slots.number,
                interceptors=[slots],
                graceful_shutdown_timeout=timedelta(minutes=1),
            )
        )
        return self.made[-1]

    @activity.defn(name="tries")
    async def tries(self) -> int:
        """How many it took until the system was called."""

        async def call() -> int:
            return activity.info().attempt

        with patient_for(PATIENCE):
            return await self.cooldown.run(call)

    async def start(self) -> "asyncio.Task[int]":
        handle = await self.client.start_workflow(
            OneStep.run, self.queue, id=f"{self.queue}-{next(self.numbers)}", task_queue=f"{self.queue}-wf"
        )
        return asyncio.create_task(handle.result())

    async def has_ended(self, number: int) -> None:
        await until(lambda: len(self.made) > number and self.made[number].is_shutdown)

    async def is_running(self, number: int) -> None:
        await until(lambda: len(self.made) > number and self.made[number].is_running)


@asynccontextmanager
async def running(client: Client, rests_from: timedelta = timedelta(0)) -> AsyncIterator[Fixture]:
    each = Fixture(client, rests_from)
    workflows = Worker(
        client,
        task_queue=f"{each.queue}-wf",
        workflows=[OneStep],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with workflows, asyncio.TaskGroup() as group:
        group.create_task(each.resting.run())
        yield each
        await each.resting.shutdown()


async def refused(cooldown: Cooldown, wait: timedelta) -> None:
    async def refuse() -> None:
        raise RateLimited("slack", "slow down", wait)

    with pytest.raises(RateLimited):
        await cooldown.run(refuse)


class Polls:
    """What the resting worker needs of a `Worker`, without a server."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()

    async def run(self) -> None:
        await self.ends.wait()

    async def shutdown(self) -> None:
        self.ends.set()


def test_a_pause_that_ends_between_two_looks_is_over() -> None:
    """On the loop that `serve` runs on, whose clock has milliseconds: of a pause that ends between two it may
    be that something is left, and a moment later nothing. It would wait for news of a system that nobody asks
    any more, and its steps in the queue for ever."""

    async def rest(pause: timedelta) -> None:
        cooldown, made = Cooldown("slack"), asyncio.Queue[int]()

        def make(slots: Slots) -> Worker:
            made.put_nowait(slots.number)
            return Polls()  # type: ignore[return-value]

        resting = RestingWorker(cooldown, SLOTS, make, rests_from=timedelta(0))
        await refused(cooldown, pause)
        async with asyncio.TaskGroup() as group:
            group.create_task(resting.run())
            await made.get()  # to probe, or with all slots where the pause was over before the first look
            await resting.shutdown()

    async def rests() -> None:
        async with asyncio.timeout(60):
            for microseconds in range(2_000, 5_000, 10):
                await rest(timedelta(microseconds=microseconds))

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(rests())


async def test_it_rests_while_a_person_holds_the_system(client: Client) -> None:
    async with running(client) as fixture:
        await fixture.is_running(0)
        fixture.cooldown.hold("maintenance")
        await fixture.has_ended(0)
        runs = [await fixture.start() for _ in range(4 * SLOTS)]
        fixture.cooldown.resume()
        assert [await run for run in runs] == [1] * len(runs)  # none was tried meanwhile
        assert len(fixture.made) == 2


async def test_it_works_again_when_a_named_wait_is_over(client: Client) -> None:
    async with running(client) as fixture:
        await fixture.is_running(0)
        await refused(fixture.cooldown, timedelta(seconds=3))
        await fixture.has_ended(0)
        assert await (await fixture.start()) == 1
        assert fixture.cooldown.closed is None  # it has probed


async def test_what_waits_beyond_its_slots_is_not_taken_and_nothing_is_lost(client: Client) -> None:
    async with running(client) as fixture:
        await fixture.is_running(0)
        fixture.cooldown.hold("maintenance")
        runs = [await fixture.start() for _ in range(4 * SLOTS)]
        await fixture.has_ended(0)
        fixture.cooldown.resume()
        took = [await run for run in runs]
        assert max(took) <= 2
        assert sum(each > 1 for each in took) <= SLOTS
        assert len(fixture.made) == 2


async def test_it_stays_through_a_short_pause(client: Client) -> None:
    async with running(client, rests_from=timedelta(minutes=5)) as fixture:
        await fixture.is_running(0)
        await refused(fixture.cooldown, timedelta(seconds=1))
        assert await (await fixture.start()) == 1
        assert len(fixture.made) == 1


async def test_it_ends_while_it_rests(client: Client) -> None:
    async with running(client) as fixture:
        await fixture.is_running(0)
        fixture.cooldown.hold("maintenance")
        await fixture.has_ended(0)
    assert len(fixture.made) == 1


async def test_the_failure_of_a_worker_is_told(client: Client) -> None:
    def fail(slots: Slots) -> Worker:
        raise RuntimeError("two workers of one queue")

    with pytest.raises(ExceptionGroup) as failed:
        await RestingWorker(Cooldown("slack"), SLOTS, fail).run()
    assert failed.group_contains(RuntimeError, match="two workers")
