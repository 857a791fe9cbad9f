"""Dismissal: a person's word that nothing more is to be done about a run, kept where runs are kept."""

from datetime import timedelta

from temporalio import workflow

from models.attention import Dismissal


@workflow.defn(name="dismissal")
class DismissalRun:
    """Closed at once where its run has ended: both are forgotten together. One that goes on may outlive
    what the namespace keeps of closed runs."""

    @workflow.run
    async def run(self, given: Dismissal) -> Dismissal:
        run = f"[{given.workflow_id}]({given.link})" if given.link else given.workflow_id
        workflow.set_current_details(
            f"### Dismissed: {given.headline}\n\n{given.who} on {given.at:%d %b %Y %H:%M} UTC: {given.why}"
            f"\n\nNothing more is to be done about run {run}. If it is run again, it counts again."
        )
        if given.keep_for > timedelta(0):
            await workflow.sleep(given.keep_for, summary="Be known as long as the run may go on")
        return given
