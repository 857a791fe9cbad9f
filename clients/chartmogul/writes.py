"""ChartMogul's writes of customers. Each is one call, sent once: ChartMogul has no idempotency key, so who
does not know what came of one reads before it is sent again. None by e-mail: that form writes every customer
who has the address.

| write | sent twice |
|---|---|
| tags, attributes, fields of a customer | the same as once |
| a customer with an external id | refused the second time: 422, `refusals.is_duplicate` |
| a merge, an unmerge | accepted (202) and done later; the second finds nothing left to do |
| a deletion | 404 the second time |
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from clients.chartmogul.dates import ADVICE, Page, Row
from clients.kit.errors import Rejected
from clients.kit.http import Call, parsed, refused, unclear
from models.changes import AttributeValue


class Send(Protocol):
    """One call of ChartMogul's API: the answer's JSON, None where there is none."""

    def __call__(
        self,
        call: Call,
        path: str,
        *,
        method: str = "GET",
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> Awaitable[Any]: ...


class CustomerWrites:
    """What is read here comes as ChartMogul sends it, and at once: for a look before and after."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def read(self, uuid: str) -> Row:
        """The whole customer. Raises NotFound; of one that was merged it may be the survivor."""
        call = Call("chartmogul", f"read customer {uuid}")
        return _row(call, await self._send(call, _customer(uuid)))

    async def read_attributes(self, uuid: str) -> Row:
        """`{tags: [...], custom: {...}}`."""
        call = Call("chartmogul", f"read attributes of {uuid}")
        return _attributes(call, await self._send(call, f"{_customer(uuid)}/attributes"))

    async def find(self, data_source: str, external_id: str) -> Row | None:
        """Who has that id now: a merge hands it on. None where nobody has, or several do."""
        call = Call("chartmogul", "find the customer of an external id")
        query = {"external_id": external_id, "data_source_uuid": data_source}
        found = parsed(call, Page, await self._send(call, "customers", query=query)).entries
        return found[0] if len({each.get("uuid") for each in found}) == 1 else None

    async def add_tags(self, uuid: str, tags: Sequence[str]) -> None:
        call = _call(f"put tags on {uuid}", "the tags were put on")
        await self._send(call, f"{_customer(uuid)}/attributes/tags", method="POST", body={"tags": [*tags]})

    async def remove_tags(self, uuid: str, tags: Sequence[str]) -> None:
        call = _call(f"take tags off {uuid}", "the tags were taken off")
        await self._send(call, f"{_customer(uuid)}/attributes/tags", method="DELETE", body={"tags": [*tags]})

    async def set_attributes(self, uuid: str, values: Sequence[AttributeValue]) -> None:
        """Creates or overwrites. The type is that of the attribute's first use."""
        call = _call(f"set attributes of {uuid}", "the attributes were set")
        custom = [{"type": each.type, "key": each.key, "value": each.value} for each in values]
        await self._send(call, f"{_customer(uuid)}/attributes/custom", method="POST", body={"custom": custom})

    async def change_attributes(self, uuid: str, values: Mapping[str, Any]) -> None:
        """Without a type. Raises Rejected where the account has no such attribute."""
        call = _call(f"set attributes of {uuid}", "the attributes were set")
        body = {"custom": {**values}}
        await self._send(call, f"{_customer(uuid)}/attributes/custom", method="PUT", body=body)

    async def remove_attributes(self, uuid: str, keys: Sequence[str]) -> None:
        call = _call(f"remove attributes of {uuid}", "the attributes were removed")
        body = {"custom": [*keys]}
        await self._send(call, f"{_customer(uuid)}/attributes/custom", method="DELETE", body=body)

    async def create(self, data_source: str, external_id: str, fields: Mapping[str, Any]) -> str:
        """Its uuid."""
        call = _call("create a customer", "the customer was created")
        body = {"data_source_uuid": data_source, "external_id": external_id, **fields}
        answer = await self._send(call, "customers", method="POST", body=body)
        return _uuid(call, answer)

    async def change(self, uuid: str, fields: Mapping[str, Any]) -> None:
        """Read back: an owner who is no member, and a state that does not fit, are ignored in silence."""
        call = _call(f"change customer {uuid}", "the customer was changed")
        await self._send(call, _customer(uuid), method="PATCH", body={**fields})

    async def delete(self, uuid: str) -> None:
        call = _call(f"delete customer {uuid}", "the customer was deleted")
        await self._send(call, _customer(uuid), method="DELETE")

    async def merge(self, uuid: str, into: str) -> None:
        """Accepted, and done later."""
        call = _call(f"merge customer {uuid} into {into}", "the merge was accepted")
        body = {"from": {"customer_uuid": uuid}, "into": {"customer_uuid": into}}
        await self._send(call, "customers/merges", method="POST", body=body)

    async def unmerge(self, uuid: str, data_source: str, external_id: str) -> None:
        """Take out of the customer the one who has that id in that data source: accepted, and done later.
        Tasks, opportunities and notes stay. UNVERIFIED: what comes of attributes and tags."""
        call = _call(f"unmerge a customer from {uuid}", "the unmerge was accepted")
        part = {"data_source_uuid": data_source, "external_id": external_id}
        body = {"customer_uuid": uuid, **part, "move_to_new_customer": list[str]()}
        await self._send(call, "customers/unmerges", method="POST", body=body)


def _call(what: str, done: str) -> Call:
    return Call("chartmogul", what, writes=True, done=done, again="it is looked at before it is done again")


def _customer(uuid: str) -> str:
    return f"customers/{quote(uuid, safe='')}"


def _row(call: Call, answer: Any) -> Row:
    if not isinstance(answer, dict) or not isinstance(answer.get("uuid"), str):
        raise refused(call, Rejected, "the answer is no customer", ADVICE)
    return answer


def _attributes(call: Call, answer: Any) -> Row:
    if not isinstance(answer, dict) or not isinstance(answer.get("tags"), list):
        raise refused(call, Rejected, "the answer has no list in tags", ADVICE)
    return answer


def _uuid(call: Call, answer: Any) -> str:
    """What it answers to a write may be anything: then nobody knows whether it was done."""
    uuid = answer.get("uuid") if isinstance(answer, dict) else None
    if not isinstance(uuid, str) or not uuid:
        raise unclear(call, "the answer names no customer")
    return uuid
