"""Temporal: does it answer, is it the one that is meant, and is its namespace prepared?"""

from collections.abc import AsyncIterator, Iterator

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import temporal
from models.findings import Finding, State
from namespace import HIDDEN, Gaps, namespace_gaps
from operations.dates import in_words

DAYS = f"{temporal.RETENTION.days} days"
STEP = "docs/running.md, step 1"
TRY = "To try it without one, `make dev` brings all there is."
IN_CLOUD = "On Temporal Cloud, where the API key may not, do it in its console:"


async def temporal_findings() -> AsyncIterator[Finding]:
    try:
        client = await temporal.connect()
    except RuntimeError as error:
        yield _unreachable(error)
        return
    yield _reached(client)
    try:
        gaps = await namespace_gaps(client)
    except RPCError as error:
        yield _refused(client, error)
        return
    for finding in _prepared(gaps):
        yield finding


def _unreachable(error: RuntimeError) -> Finding:
    if isinstance(error, temporal.BadConnection):
        return Finding("Temporal", State.FAULT, str(error), f"Correct it ({STEP}).")
    said = str(error)[:200]
    if temporal.is_named():
        advice = f"Start that server, or set TEMPORAL_ADDRESS to the right one ({STEP})."
        return Finding("Temporal", State.FAULT, said, advice)
    said = f"TEMPORAL_ADDRESS is not set. {said}, where it is looked for then"
    advice = f"First of all set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE ({STEP}). {TRY}"
    return Finding("Temporal", State.FAULT, said, advice)


def _reached(client: Client) -> Finding:
    where = f"{client.service_client.config.target_host}, {client.namespace}"
    if temporal.is_named():
        return Finding("Temporal", State.OK, where)
    said = (
        f"{where}: TEMPORAL_ADDRESS is not set, so this is whatever server answers on this machine, such as"
        " one of `make demo` or `make dev`"
    )
    advice = (
        f"Set TEMPORAL_ADDRESS to your own server ({STEP}). To look at the demo:"
        " `./mogulflow --env .mogulflow/demo.env doctor`."
    )
    return Finding("Temporal", State.WARNING, said, advice)


def _refused(client: Client, error: RPCError) -> Finding:
    if error.status is RPCStatusCode.NOT_FOUND:
        advice = f"`mogulflow prepare` makes it, or set TEMPORAL_NAMESPACE. {IN_CLOUD} a namespace."
        return Finding("namespace", State.FAULT, f"there is no namespace {client.namespace}", advice)
    if error.status in HIDDEN:
        advice = f"See there that it has {DAYS} of retention and the search attributes {_by_type(_all())}."
        return Finding("namespace", State.WARNING, f"not shown to us: {error.message[:200]}", advice)
    advice = "Check TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and TEMPORAL_TLS_*."
    return Finding("namespace", State.FAULT, error.message[:200], advice)


def _prepared(gaps: Gaps) -> Iterator[Finding]:
    if gaps.retention is None:
        yield Finding("retention", State.OK, f"{DAYS} or more")
    if not gaps.search_attributes:
        yield Finding("search attributes", State.OK, "all")
    if gaps != Gaps(None, ()):
        yield Finding("namespace", State.FAULT, f"not prepared: {_lacking(gaps)}", _to_prepare(gaps))


def _lacking(gaps: Gaps) -> str:
    said = []
    if gaps.search_attributes:
        said.append(f"{len(gaps.search_attributes)} of {len(_all())} search attributes are missing")
    if gaps.retention is not None:
        said.append(f"closed runs are kept for {in_words(gaps.retention)}, so a late retry would run twice")
    return "; ".join(said)


def _to_prepare(gaps: Gaps) -> str:
    by_hand = []
    if gaps.retention is not None:
        by_hand.append(f"{DAYS} of retention")
    if gaps.search_attributes:
        by_hand.append(f"search attributes {_by_type(gaps.search_attributes)}")
    return f"`mogulflow prepare`. {IN_CLOUD} {'; '.join(by_hand)}."


def _all() -> tuple[str, ...]:
    return tuple(key.name for key in temporal.SEARCH_ATTRIBUTES)


def _by_type(names: tuple[str, ...]) -> str:
    """`Headline, Account (Keyword), OccurredAt (Datetime)`: types as Temporal's console spells them."""
    by_type: dict[str, list[str]] = {}
    for key in temporal.SEARCH_ATTRIBUTES:
        if key.name in names:
            kind = key.indexed_value_type.name.title().replace("_", "")
            by_type.setdefault(kind, []).append(key.name)
    return ", ".join(f"{', '.join(each)} ({kind})" for kind, each in by_type.items())
