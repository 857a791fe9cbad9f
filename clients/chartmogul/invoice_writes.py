"""ChartMogul's writes of invoices and their lines, always as a person's edits: those of a synced source stay
over its next import, and a source of one's own takes them, too. Sent twice they are the same as once."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from clients.chartmogul.dates import ADVICE, Row
from clients.chartmogul.writes import Send
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused

BY_HAND = {"handle_as_user_edit": "true"}


class InvoiceWrites:
    """What is read here comes as ChartMogul sends it, and at once: for a look before and after."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def line(self, uuid: str) -> Row:
        """Raises NotFound."""
        call = Call("chartmogul", f"read line item {uuid}")
        return _row(call, await self._send(call, _path("line_items", uuid)), "line item")

    async def invoice(self, uuid: str) -> Row:
        """Also one that is disabled. Raises NotFound."""
        call = Call("chartmogul", f"read invoice {uuid}")
        return _row(call, await self._send(call, _path("invoices", uuid)), "invoice")

    async def change_line(self, uuid: str, fields: Mapping[str, Any]) -> None:
        call = _call(f"correct line item {uuid}", "the line was corrected")
        path = _path("line_items", uuid)
        await self._send(call, path, method="PATCH", body={**fields}, query=BY_HAND)

    async def switch(self, uuid: str, *, disabled: bool) -> None:
        call = _call(f"{'disable' if disabled else 'enable'} invoice {uuid}", "that was done")
        path, body = f"{_path('invoices', uuid)}/disabled_state", {"disabled": disabled}
        await self._send(call, path, method="PATCH", body=body, query=BY_HAND)


def _call(what: str, done: str) -> Call:
    return Call("chartmogul", what, writes=True, done=done, again="it is looked at before it is done again")


def _path(kind: str, uuid: str) -> str:
    return f"{kind}/{quote(uuid, safe='')}"


def _row(call: Call, answer: Any, what: str) -> Row:
    if not isinstance(answer, dict) or not isinstance(answer.get("uuid"), str):
        raise refused(call, Rejected, f"the answer is no {what}", ADVICE)
    return answer
