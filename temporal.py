"""Temporal for everybody: how to connect, what queues, policies and search attributes there are."""

import asyncio
import gc
import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import quote

from pydantic import ValidationError
from temporalio.client import Client, PayloadLimitsConfig, WithStartWorkflowOperation
from temporalio.common import (
    Priority,
    RetryPolicy,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
)
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import GrpcCompression, RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

WORKFLOWS = "workflows"
"""Task queue of the workflows; each system has a queue of its own name."""

LIVE, BULK = Priority(priority_key=2), Priority(priority_key=4)
"""Events of now go before those of a backfill, on every queue. Temporal's default is 3."""

RETENTION = timedelta(days=30)
"""How long a closed run refuses a second delivery of its event. ChartMogul's webhook retries 17 times
over a span it does not publish, and people press its Retry button."""

TASK_TIMEOUT = timedelta(seconds=5)
"""After a killed worker its runs go on after this long."""

HEADLINE = SearchAttributeKey.for_keyword("Headline")
ACCOUNT = SearchAttributeKey.for_keyword("Account")
CUSTOMER = SearchAttributeKey.for_keyword("Customer")
EVENT_KIND = SearchAttributeKey.for_keyword("EventKind")
EVENT_SOURCE = SearchAttributeKey.for_keyword("EventSource")
TEMPLATE = SearchAttributeKey.for_keyword("Template")
OUTCOME = SearchAttributeKey.for_keyword("Outcome")
MODE = SearchAttributeKey.for_keyword("Mode")
PRINCIPAL = SearchAttributeKey.for_keyword("Principal")
OCCURRED_AT = SearchAttributeKey.for_datetime("OccurredAt")
WAITS_FOR = SearchAttributeKey.for_keyword_list("WaitsFor")

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    HEADLINE, ACCOUNT, CUSTOMER, EVENT_KIND, EVENT_SOURCE, TEMPLATE, OUTCOME, MODE, PRINCIPAL, OCCURRED_AT,
    WAITS_FOR,
)  # fmt: skip
"""A server on SQL allows ten keywords, and three of each other type."""

_NO_ATTRIBUTE = re.compile(
    r"column name '(\w{1,50})' is not a valid search attribute"
    r"|no mapping defined for search attribute (\w{1,50})"
)
"""A server's words for a query, and for a start."""

NOMINAL_TIME = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""Set by the server: when a schedule's run was due, however late, or caught up on, it started."""

REPORTED_PROBLEMS = "TemporalReportedProblems"
"""Set by the server while a run's workflow task fails over and over."""

STATED = "stated"
"""Memo of a run: what ChartMogul has said of its movement, oldest first."""
SUBSCRIPTION = "subscription"
"""Memo of a run: its movement's subscription external id."""
WAITS = "waits"
"""Memo of a run: for each system in WaitsFor, since when and why."""
RETURNS = "returns"
"""Memo of a run: ids of the movements that told it that its customer may be back."""
HEARD = "heard"
"""Memo of a run that is for several events: ids of those it has heard of."""
ORIGIN = "origin"
"""Memo of a run that is for several events: whose they are, as far as that was known when it began."""
MOST_HEARD = 200
"""Of these: who hears of more needs none of it."""
HOLD = "hold"
"""Memo of a hold: why, by whom, until when it is open, and when its end was decided."""
ROUTE = "route"
"""Memo of a run: the name of its route."""
BEGUN = "begun"
"""Memo of a run: when its event was first acted on. A run that is reset has another start, and this."""
PROBLEMS = "problems"
"""Memo of a run: what failed for good."""
SHADOW_OF = "shadow_of"
"""Memo of a run whose route is in preview: the route."""
WOULD = "would"
"""Memo of such a run at its end: what it would have written, and how often."""

ARGUMENTS = "arguments"
"""Memo of a change: digest of what is to be done. Under one key there is one."""

LARGEST_MEMO = 32 * 1024
"""Bytes, of which the SDK warns. Its default of 2 KiB is a reason in emoji, or what two systems are waited
for: the warning would stand in the answer of a command, and nothing could be done about it."""

PREVIEW_SUFFIX = "/preview"
"""Of the id of a run that a person asked for; a route in preview has the live run's id."""
RERUN = "rerun"
"""Memo of a run that a person started in the place of an earlier one: who, when, why, and of which. Its
writes look first, because the earlier one may have written."""
FIRST = "first"
"""Memo of a case that is the first of its customer: no earlier one can have written for the same event."""
DISMISSED = "dismissed"
"""Memo of a dismissal: who decided that nothing more is to be done about a run, when, and why."""

DURABLE = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(hours=1),
)
"""For every step that a retry can heal. The server cuts a named Retry-After to the maximum interval. By
1.5 the tenth try comes after two minutes instead of ten, for a dozen tries more in a day's outage."""

PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
)
"""For long reads: after an outage they go on soon. ChartMogul documents no Retry-After."""

GIVE_UP_AFTER = timedelta(hours=24)
"""An outage longer than this is for a person."""

WORKFLOW_FAILURES: list[type[BaseException]] = [ValidationError]
"""Input that does not fit its model fails the run; by default it would hang and retry for ever."""

PASSTHROUGH = (
    "models", "activities", "clients", "dispatch", "domains", "settings", "temporal", "aiohttp", "babel",
    "dateutil", "holidays", "httpx", "requests", "simple_salesforce", "slack_sdk", "stripe",
)  # fmt: skip
"""Modules the sandbox takes from outside instead of loading them anew for each run."""


_PYDANTIC = PydanticPayloadConverter()


class _SharedConverter(CompositePayloadConverter):
    """Pydantic's, made once. The SDK makes one for each activation of a workflow, and each of its own would
    build serializers and type adapters anew."""

    def __init__(self) -> None:
        super().__init__(*_PYDANTIC.converters.values())


DATA_CONVERTER = DataConverter(payload_converter_class=_SharedConverter)
"""Writes and reads what the SDK's `pydantic_data_converter` does."""


def is_preview(workflow_id: str) -> bool:
    """Whether a person asked what an event would do: such a run takes no event."""
    return workflow_id.endswith(PREVIEW_SUFFIX)


def labels(headline: str, account: str | None = None) -> TypedSearchAttributes:
    """The search attributes of a run that is no template's."""
    pairs = [SearchAttributePair(HEADLINE, headline)]
    if account is not None:
        pairs.append(SearchAttributePair(ACCOUNT, account))
    return TypedSearchAttributes(pairs)


def workflow_runner(sandboxed: bool) -> WorkflowRunner:
    if not sandboxed:
        return UnsandboxedWorkflowRunner()
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSTHROUGH)
    return _WithoutCollector(restrictions=restrictions)


class _WithoutCollector(SandboxedWorkflowRunner):
    """Python 3.11 ends an import with KeyError where the garbage collector runs amid it and a finalizer
    imports, too (https://github.com/python/cpython/issues/91351). The sandbox imports so much at once that a
    worker's start met it; of a run it costs one more try."""

    def prepare_workflow(self, defn: Any) -> None:
        collects = gc.isenabled()
        gc.disable()
        try:
            super().prepare_workflow(defn)
        finally:
            if collects:
                gc.enable()


def run_link(web_ui_url: str, namespace: str, workflow_id: str, run_id: str) -> str:
    """The run's page in the Web UI that explains it: summary and current details."""
    base = web_ui_url.rstrip("/")
    return f"{base}/namespaces/{namespace}/workflows/{quote(workflow_id, safe='')}/{run_id}/user-metadata"


def runs_link(web_ui_url: str, namespace: str) -> str:
    """The Web UI's list of all runs."""
    return f"{web_ui_url.rstrip('/')}/namespaces/{namespace}/workflows"


def list_link(web_ui_url: str, namespace: str, query: str) -> str:
    """The Web UI's list of what the query finds."""
    return f"{runs_link(web_ui_url, namespace)}?query={quote(query, safe='')}"


LOCAL = "127.0.0.1:7233"
"""Where Temporal is looked for when no setting says where it is."""


class BadConnection(RuntimeError):
    """The settings of the connection cannot be used, now or later."""


async def connect(*, runtime: Runtime | None = None) -> Client:
    """Connect as TEMPORAL_ADDRESS and the SDK's other variables say; a local server by default.

    Raises BadConnection, and RuntimeError where no server answers.
    """
    where: Any = {"target_host": LOCAL} | _named_by_environment()
    try:
        return await Client.connect(
            **where,
            data_converter=DATA_CONVERTER,
            grpc_compression=GrpcCompression.NONE,
            payload_limits=PayloadLimitsConfig(memo_warn_size=LARGEST_MEMO),
            runtime=runtime,
        )
    except RuntimeError as error:
        target = where["target_host"]
        raise RuntimeError(f"Nothing answers at {target} ({_innermost(error)})") from None
    except ValueError as error:
        raise BadConnection(f"TEMPORAL_ADDRESS or TEMPORAL_TLS_* cannot be used: {error}") from None


def is_named() -> bool:
    """Whether a setting says where Temporal is. Raises BadConnection."""
    return "target_host" in _named_by_environment()


def unprepared(error: RPCError) -> str | None:
    """Which of our search attributes the namespace lacks, where that is why the server refuses."""
    found = _NO_ATTRIBUTE.search(error.message)
    name = found and (found[1] or found[2])
    return name if name in [key.name for key in SEARCH_ATTRIBUTES] else None


def _innermost(error: RuntimeError) -> str:
    """What the Rust debug text of the SDK means; of any other the words that tell most."""
    text = str(error)
    for sign, meaning in _MEANINGS.items():
        if sign in text:
            return meaning
    words = re.findall(r'message: "([^"]*)"', text)
    return words[-1] if words else text[:100]


HUNG_UP = "what is there hung up: it stops just now, is no Temporal, or speaks TLS"

_MEANINGS = {
    "dns error": "there is no such host, or no network to ask",
    "InvalidCertificate": "its certificate is not trusted",
    "InvalidMessage": "it does not speak TLS as it should: see TEMPORAL_TLS and the port",
    "http2 error": "what is there is no Temporal, or speaks TLS",
    "operation was canceled": HUNG_UP,
    "transport error": HUNG_UP,  # the last, because it may stand before each of the others
}


def _named_by_environment() -> dict[str, Any]:
    try:
        return dict(ClientConfig.load_client_connect_config())
    except (OSError, RuntimeError, ValueError) as error:
        raise BadConnection(f"A TEMPORAL_* variable cannot be used: {error}") from None


async def update_with_start(
    client: Client, update: str, *args: Any, operation: WithStartWorkflowOperation[Any, Any], **how: Any
) -> Any:
    """One call that starts the run where there is none, and waits for the update. Raises what the SDK does.

    Where the start is refused, the SDK keeps the refusal in the operation, too, and Python complains when
    nobody asks for it there.
    """
    try:
        return await client.execute_update_with_start_workflow(
            update, *args, start_workflow_operation=operation, **how
        )
    except Exception:
        with suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(0):
                await operation.workflow_handle()
        raise


def leave_after(main: Callable[[], object]) -> NoReturn:
    """Run a program's main and end as it says, but without the interpreter's tidying up.

    A thread of Temporal's SDK that is just delivering an answer can crash it there, in every tenth
    short command on a busy machine (https://github.com/temporalio/sdk-python/issues/300).
    """
    code: object = None
    try:
        main()
    except SystemExit as wish:
        code = wish.code
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))
