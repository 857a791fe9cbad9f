"""ChartMogul's subscription events: found by their external id, imported once, taken out of the reckoning."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from clients.chartmogul.dates import ADVICE, Row
from clients.chartmogul.writes import Send
from clients.kit.errors import NotFound, Rejected
from clients.kit.http import Call, refused, unclear

PATH = "subscription_events"


class EventWrites:
    """Sent once. The same external id is refused the second time (422, `refusals.is_duplicate`), in one data
    source."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def find(self, data_source: str, external_id: str) -> Row | None:
        """Also one that is disabled."""
        call = Call("chartmogul", "find a subscription event")
        query = {"data_source_uuid": data_source, "external_id": external_id, "with_disabled": "true"}
        answer = await self._send(call, PATH, query=query)
        rows = answer.get(PATH) if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise refused(call, Rejected, f"the answer has no list in {PATH}", ADVICE)
        named = [row for row in rows if isinstance(row, dict) and str(row.get("external_id")) == external_id]
        return named[0] if named else None

    async def create(self, fields: Mapping[str, Any]) -> Row:
        """The event as ChartMogul has it. Where its `errors` hold anything it does not count."""
        call = _call("import a subscription event", "the event was imported")
        answer = await self._send(call, PATH, method="POST", body={"subscription_event": {**fields}})
        if not isinstance(answer, dict) or answer.get("id") is None:
            raise unclear(call, "the answer names no event")
        return answer

    async def switch(self, id: str, *, disabled: bool) -> None:
        call = _call(f"{'disable' if disabled else 'enable'} subscription event {id}", "that was done")
        path = f"{PATH}/{quote(id, safe='')}/disabled_state"
        await self._send(call, path, method="PATCH", body={"disabled": disabled})

    async def delete(self, id: str) -> None:
        """One that is gone is as good as deleted."""
        call = _call(f"delete subscription event {id}", "the event was deleted")
        try:
            await self._send(call, PATH, method="DELETE", query={"subscription_event[id]": id})
        except NotFound:
            return


def _call(what: str, done: str) -> Call:
    return Call("chartmogul", what, writes=True, done=done, again="it is looked for before it is done again")
