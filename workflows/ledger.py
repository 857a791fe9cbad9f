"""The ledger: an account's audit as a chain. Its run has the end of it, its histories have the rows."""

from typing import NoReturn

from temporalio import workflow

from models.ledger import WORKFLOW, Append, AuditHead, Chain, LedgerState


@workflow.defn(name=WORKFLOW)
class Ledger:
    """Goes on for ever, as one run after the other. Rows come by signal: who tells them waits for no task of
    it, to which a burst of runs that wait would leave no worker."""

    @workflow.init
    def __init__(self, given: LedgerState) -> None:
        self._given = given
        self._chain = Chain(given)
        self._events_until = given.events_until

    @workflow.run
    async def run(self, given: LedgerState) -> NoReturn:
        await workflow.wait_condition(lambda: self._is_full)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(self.state())

    @property
    def _is_full(self) -> bool:
        added = self._chain.number - self._given.number
        return added >= self._given.most_rows or workflow.info().is_continue_as_new_suggested()

    @workflow.query(name="head", description="The number and the hash of the last row")
    def head(self) -> AuditHead:
        return AuditHead(number=self._chain.number, head=self._chain.head, events_until=self._events_until)

    @workflow.query(name="state", description="What the run after this one begins with")
    def state(self) -> LedgerState:
        return self._given.model_copy(
            update={
                "number": self._chain.number,
                "head": self._chain.head,
                "known": self._chain.known,
                "events_until": self._events_until,
                "before": workflow.info().run_id,
            }
        )

    @workflow.signal(name="tell", description="Rows for the end of the chain, each once")
    def tell(self, told: Append) -> None:
        for row in told.rows:
            self._chain.append(row)
        if told.events_until:
            self._events_until = max(told.events_until, self._events_until or told.events_until)
