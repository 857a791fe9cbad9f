"""Call API: an event becomes calls of any REST API that the route names, one after the other."""

from temporalio import workflow

from activities.chartmogul import CustomerQuery
from models.chartmogul import CustomerNow
from models.effects import Mode
from models.runs import Outcome, RunResult
from models.templates.call_api import CallApiInput
from workflows.engine.connectors import Calls, values_of
from workflows.engine.event_run import EventRun
from workflows.engine.reading_back import read_back
from workflows.engine.steps import StepFailed


@workflow.defn(name="call_api")
class CallApi(EventRun[CallApiInput]):
    @workflow.init
    def __init__(self, given: CallApiInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: CallApiInput) -> RunResult:
        return await self._when_released(self._call)

    async def _call(self) -> RunResult:
        given = self._given
        await self._wait_for_its_day("Wait for the day of the movement")
        customer = await self._read()
        if customer is None:
            return self._run_log.end(Outcome.UNVERIFIED, "ChartMogul does not know the customer.")
        calls = Calls(
            self._run_log,
            given.connectors,
            values_of(given.event, customer),
            given.mode,
            given.event.event_id,
        )
        await calls.make(given.options.calls)
        if given.shadow:
            await self._keep_its_day()
        return self._run_log.end(Outcome.PREVIEWED if given.mode is Mode.PREVIEW else Outcome.ACTED)

    async def _read(self) -> CustomerNow | None:
        query = CustomerQuery(
            account=self._given.event.account, customer_uuid=self._given.event.customer_uuid
        )
        try:
            return await read_back(query, at_once=True)
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
