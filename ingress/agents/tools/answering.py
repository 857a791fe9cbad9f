"""Between a call and the operation that does it: which account, what is told of a run, how it fails."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from clients.kit.errors import IntegrationError, NotFound, Retryable
from ingress.agents.declaration import Caller, ToolFailed
from models.base import Record
from models.changes import AnyChange, Asker, ChangeRun, ChangeState, FieldChange
from models.foreign import Foreign, foreign, plain
from models.reads.run import Changed, RunAnswer
from operations import asking
from operations.changes import NotPossible
from operations.errors import Stopped
from operations.reads.account import About, NotAnswered, Source
from operations.reads.pages import fitting

P = ParamSpec("P")
R = TypeVar("R", bound=Record)

MOST_BYTES, MOST_UNDONE = 24_000, 10
LATER = 10
"""Seconds after which a call may do what failed for now."""

NEXT: Mapping[ChangeState, str] = {
    ChangeState.NEEDS_APPROVAL: "People decide; ask get_run how it stands.",
    ChangeState.PREVIEWING: "It goes on; ask get_run.",
    ChangeState.APPLYING: "It goes on; ask get_run.",
}


def source_of(caller: Caller, account: str) -> Source:
    """Raises ToolFailed where it is not clear which is meant, or where the caller may not see it."""
    if not account and len(caller.accounts) == 1:
        account = caller.accounts[0]
    if account not in caller.accounts:
        there_are = ", ".join(caller.accounts) or "none"
        code = "not_allowed" if account else "invalid_arguments"
        raise ToolFailed(code, "Which account?", next=f"Give account; there are: {there_are}.")
    zone = caller.settings.zones.get(account, "UTC")
    return Source(account, caller.chartmogul[account], zone)


def tool(call: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """What the operations say that cannot be done, as agents are told it."""

    @wraps(call)
    async def told(*args: P.args, **arguments: P.kwargs) -> R:
        async with telling():
            return await call(*args, **arguments)

    return told


@asynccontextmanager
async def telling() -> AsyncIterator[None]:
    try:
        yield
    except NotAnswered as error:
        raise ToolFailed(error.code, str(error), error.next, error.retry_after_seconds) from None
    except NotPossible as error:
        raise ToolFailed(error.code, str(error)) from None
    except Stopped as error:
        raise ToolFailed("not_possible", plain(str(error), 300)) from None
    except Retryable as error:
        after = round(error.retry_after.total_seconds()) if error.retry_after else LATER
        raise ToolFailed(
            f"{error.system}_unavailable",
            "It does not answer just now.",
            "Ask again later.",
            max(1, after),
        ) from None
    except NotFound as error:
        raise ToolFailed(f"{error.system}_refused", "It has no such thing any more.") from None
    except IntegrationError as error:
        raise ToolFailed(f"{error.system}_refused", plain(str(error), 300)) from None


async def change(
    caller: Caller,
    source: Source,
    name: str,
    wanted: AnyChange,
    reason: str,
    *,
    action: str = "",
    dry_run: bool = False,
    idempotency_key: str = "",
) -> RunAnswer:
    """Ask for it, and tell how it stands after some seconds."""
    request = asking.Request(
        tool=name,
        change=wanted,
        asker=Asker(name=caller.name, kind="agent", owner=caller.owner, people=list(caller.people)),
        reason=reason,
        action=action,
        dry_run=dry_run,
        idempotency_key=idempotency_key,
        after_untrusted_read=caller.has_read_untrusted,
    )
    run = await asking.ask(caller.temporal, caller.settings, source, caller.agents, request)
    if run.status is ChangeState.REFUSED and not run.decisions:
        raise ToolFailed("refused_by_policy", f"{run.rule}. Run {run.run_id}.", "Ask a person to do it.")
    return run_answer(await source.about_if_it_answers(), run)


def run_answer(about: About, run: ChangeRun) -> RunAnswer:
    before = asking.was_asked_before(run, datetime.now(UTC))
    rows = [_changed(each) for each in run.changes]
    shown = fitting(rows, MOST_BYTES)
    return RunAnswer.model_validate(
        about.envelope
        | {
            "run_id": run.run_id,
            "status": run.status,
            "tool": run.tool,
            "changes": shown,
            "more_changes": run.more_changes + len(rows) - len(shown),
            "decide_by": about.local(run.decide_by),
            "undo": run.undo,
            "undone": [each.model_dump() for each in run.undone[:MOST_UNDONE]],
            "message": _message(run, before=before),
            "url": run.url,
            "asked_at": run.asked_at.astimezone(about.zone),
            "first_asked": not before,
        }
    )


def _changed(each: FieldChange) -> Changed:
    return Changed(
        of=Foreign.of(each.of),
        field=Foreign.of(each.field),
        before=foreign(each.before),
        after=foreign(each.after),
    )


def _message(run: ChangeRun, *, before: bool) -> str:
    """Sentences of ours. A refusal's reason is a person's, of the house."""
    again = "Asked for before: to do it anew give another idempotency_key." if before else ""
    return plain(" ".join(filter(None, (run.message, NEXT.get(run.status, ""), again))), 600)
