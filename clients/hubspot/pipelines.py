"""Pipelines of deals and their stages. People know them by name, and HubSpot's properties hold ids."""

import time
from collections.abc import Iterable, Sequence

from clients.hubspot.transport import Calls, Page
from clients.kit.errors import Rejected
from clients.kit.http import Call
from models.hubspot import Pipeline, Stage
from models.spelling import nearest

REMEMBERED_SECONDS = 600.0
CORRECT = "Correct the route, or add it in HubSpot (Settings, Objects, Deals, Pipelines)."


class Pipelines:
    """Remembered for ten minutes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._remembered: tuple[float, list[Pipeline]] = (0.0, [])

    async def all(self, *, fresh: bool = False) -> list[Pipeline]:
        """As HubSpot shows them, the first one first."""
        until, found = self._remembered
        if fresh or time.monotonic() > until:
            call = Call("hubspot", "read the pipelines of deals")
            answer = await self._calls.one(
                call, Page[Pipeline], lambda hs: hs.crm.pipelines.pipelines_api.get_all("deals")
            )
            found = sorted(answer.results, key=lambda each: each.order)
            self._remembered = (time.monotonic() + REMEMBERED_SECONDS, found)
        return found

    async def stage(self, pipeline: str | None, stage: str) -> tuple[Pipeline, Stage]:
        """By names or ids; without a pipeline, in the first that has such a stage. Raises Rejected."""
        if found := stage_in(await self.all(), pipeline, stage):
            return found
        known = await self.all(fresh=True)
        if found := stage_in(known, pipeline, stage):
            return found
        raise Rejected("hubspot", f"The deal was not written: {unknown(known, pipeline, stage)}. {CORRECT}")


def stage_in(
    pipelines: Iterable[Pipeline], pipeline: str | None, stage: str
) -> tuple[Pipeline, Stage] | None:
    for each in pipelines:
        if pipeline is None or _is(each, pipeline):
            found = next((one for one in each.stages if _is(one, stage)), None)
            if found:
                return each, found
    return None


def unknown(pipelines: Sequence[Pipeline], pipeline: str | None, stage: str) -> str:
    """What is not there, and what may have been meant."""
    chosen = [each for each in pipelines if pipeline is None or _is(each, pipeline)]
    if not chosen:
        return no_pipeline(pipelines, pipeline or "")
    labels = [one.label for each in chosen for one in each.stages]
    where = f"pipeline {chosen[0].label} has" if pipeline else "no pipeline has"
    return f"{where} {'no' if pipeline else 'a'} stage {stage}{nearest(stage, labels)}"


def no_pipeline(pipelines: Iterable[Pipeline], pipeline: str) -> str:
    return f"deals have no pipeline {pipeline}{nearest(pipeline, [each.label for each in pipelines])}"


def has_pipeline(pipelines: Iterable[Pipeline], pipeline: str) -> bool:
    return any(_is(each, pipeline) for each in pipelines)


def _is(one: Pipeline | Stage, name: str) -> bool:
    return name == one.id or name.strip().casefold() == one.label.strip().casefold()
