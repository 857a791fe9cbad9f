"""Leads: looked for by e-mail address, made where there is none, changed by their ids.

Exactly once: an address is no unique key, and two upserts of one that run at once make two leads. So within
a process one address is written by one caller at a time, who looks first, and then only creates
(`createOnly`) or only updates by id (`updateOnly`): after a call without an answer the next look says what
there is. Two processes may still create the same lead in the same second.

Several leads with one address have to be merged by a person; `duplicates` in the settings says what is done
until then. A lead partition is a set of leads of its own.

UNVERIFIED: that addresses are looked up whatever their case; how soon a lead that was just made is found, for
which `settle_seconds` waits before a repeat; that Describe Lead2 names all fields, and not those alone that
can be searched by: what it does not name is left out of what is written, and told.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import idna
from pydantic import ConfigDict

from clients.kit.errors import Ambiguous, NotFound, Rejected
from clients.kit.http import Call, refused, unclear
from clients.kit.remembered import Remembered
from clients.marketo.errors import MERGE, error_of, said_by
from clients.marketo.fields import FieldSpec
from clients.marketo.locks import Locks
from clients.marketo.settings import Marketo
from clients.marketo.transport import MarketoTransport, Request, path_of, query_by_post
from models.base import Record
from models.bounds import few
from models.marketo import Value
from models.spelling import nearest

LEADS, DESCRIBE, PARTITIONS = "/v1/leads.json", "/v1/leads/describe2.json", "/v1/leads/partitions.json"
DELETION = "/v1/leads/delete.json"
LONGEST_ADDRESS = 255
PARTITION_ID = "leadPartitionId"

AGAIN = "it is looked for before it is written again"
ELSEWHERE = (
    "Marketo says that a lead with this address exists, and shows none: it is in a lead partition that the"
    " API-Only user does not see, or not in the one of MARKETO__PARTITION"
)


class Lead(NamedTuple):
    """`values` are those of the fields that were asked for; what is missing is empty. `note` says which it is
    of several."""

    id: int
    values: dict[str, Any]
    note: str = ""


class WriteRow(Record):
    """What became of one record of ours."""

    id: int | None = None
    status: str = ""
    reasons: list[dict[str, Any]] = []


class _LeadRow(Record):
    model_config = ConfigDict(extra="allow")

    id: int


class _Description(Record):
    fields: list[FieldSpec]


class _Partition(Record):
    id: int
    name: str


def unusable(email: str) -> str:
    """Why a lead cannot be looked for by this address; empty where it can."""
    mailbox, _, domain = email.strip().rpartition("@")
    if not mailbox or not domain:
        return "there is no e-mail address"
    if len(email) > LONGEST_ADDRESS or "," in email or any(each.isspace() for each in email.strip()):
        return "Marketo cannot be asked for this e-mail address"
    return "" if email.isprintable() else "Marketo cannot be asked for this e-mail address"


def writable(email: str) -> str | None:
    """In ASCII, which is all that Marketo takes: a domain has such a form, a mailbox with other letters has
    none."""
    mailbox, _, domain = email.strip().rpartition("@")
    if not mailbox.isascii():
        return None
    try:
        return f"{mailbox}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return None


class Leads:
    def __init__(self, transport: MarketoTransport, settings: Marketo) -> None:
        self._transport, self._settings = transport, settings
        self._locks = Locks()
        self._described = Remembered[dict[str, FieldSpec]]()
        self._unknown = Remembered[bool]()
        self._partitions = Remembered[dict[str, int]]()

    def one_at_a_time(self, email: str) -> AbstractAsyncContextManager[None]:
        """Nobody else in this process writes the lead of this address within the block."""
        return self._locks.held((writable(email) or email.strip()).casefold())

    async def specs(self, wanted: Iterable[str] = (), *, anew: bool = False) -> dict[str, FieldSpec]:
        """All fields by name, remembered for an hour; read anew also where one is wanted that nobody has
        missed in the last hour."""
        known = None if anew else self._described.get(DESCRIBE)
        if known is None or any(name not in known and name not in self._unknown for name in wanted):
            call = Call("marketo", "describe the fields of leads")
            answer = await self._transport.ask(call, _Description, Request("GET", DESCRIBE))
            known = {spec.name: spec for row in answer.result for spec in row.fields}
            self._described.keep(DESCRIBE, known)
            for name in set(wanted) - known.keys():
                self._unknown.keep(name, True)
        return known

    async def find(self, email: str, names: Iterable[str] = ()) -> Lead | None:
        """By an address that is not `unusable`. Raises Ambiguous where there are several."""
        call = Call("marketo", "look for a lead by e-mail")
        partition = await self.partition_id()
        asked = ["id", *([PARTITION_ID] if partition else []), *names]
        values = dict.fromkeys(filter(None, (email.strip(), writable(email))))
        answer = await self._transport.ask(
            call,
            _LeadRow,
            query_by_post(LEADS, filterType="email", filterValues=",".join(values), fields=",".join(asked)),
        )
        rows = [row for row in answer.result if _is_in(row, partition)]
        return self._one_of(call, sorted(rows, key=lambda row: row.id))

    async def read(self, id: str, names: Iterable[str]) -> Lead:
        """Raises NotFound."""
        call = Call("marketo", f"read lead {id}")
        request = Request("GET", path_of("/v1/lead/{}.json", id), (("fields", ",".join(("id", *names))),))
        answer = await self._transport.ask(call, _LeadRow, request)
        if not answer.result:
            raise refused(call, NotFound, "it is not there")
        return _lead(answer.result[0])

    async def create(self, email: str, values: Mapping[str, Value]) -> int:
        """Its id. Raises Rejected where there is one that `find` does not show."""
        call = Call("marketo", "create a lead", writes=True, done="the lead was created", again=AGAIN)
        partition = {"partitionName": self._settings.partition} if self._settings.partition else {}
        record = {**values, "email": email}
        body = {"action": "createOnly", "lookupField": "email", **partition, "input": [record]}
        return await self._write(call, body, record)

    async def update(self, id: int, values: Mapping[str, Value]) -> int:
        call = Call("marketo", f"update lead {id}", writes=True, done=f"lead {id} was updated", again=AGAIN)
        record = {**values, "id": id}
        body = {"action": "updateOnly", "lookupField": "id", "input": [record]}
        return await self._write(call, body, record)

    async def delete(self, id: int) -> None:
        """For good, with all that Marketo knows of it. Raises NotFound."""
        call = Call("marketo", f"delete lead {id}", writes=True, done=f"lead {id} was deleted")
        request = Request("POST", DELETION, body={"input": [{"id": id}]})
        answer = await self._transport.ask(call, WriteRow, request)
        the_row(call, answer.result, answer.request_id)

    async def partition_id(self) -> int | None:
        """Of the partition in the settings. Raises Rejected where there is none of that name."""
        name = self._settings.partition
        if not name:
            return None
        known = self._partitions.get(PARTITIONS)
        if known is None or name not in known:
            known = await self.partitions()
            self._partitions.keep(PARTITIONS, known)
        if name not in known:
            call = Call("marketo", f"use lead partition {name}")
            detail = f"there is none of that name{nearest(name, known)}"
            raise refused(call, Rejected, detail, "Correct MARKETO__PARTITION.")
        return known[name]

    async def partitions(self) -> dict[str, int]:
        call = Call("marketo", "list lead partitions")
        answer = await self._transport.ask(call, _Partition, Request("GET", PARTITIONS))
        return {each.name: each.id for each in answer.result}

    async def _write(self, call: Call, body: Mapping[str, Any], record: Mapping[str, Any]) -> int:
        answer = await self._transport.ask(call, WriteRow, Request("POST", LEADS, body=body))
        row = the_row(call, answer.result, answer.request_id, record)
        if row.id is None:
            raise unclear(call, "the answer has no id")
        return row.id

    def _one_of(self, call: Call, rows: list[_LeadRow]) -> Lead | None:
        if len(rows) > 1 and self._settings.duplicates == "refuse":
            ids = few([row.id for row in rows], between=", ")
            raise refused(call, Ambiguous, f"{len(rows)} leads have this address: {ids}", MERGE)
        if not rows:
            return None
        others = f"{len(rows)} leads have this address, this is the oldest: merge them" if rows[1:] else ""
        return _lead(rows[0])._replace(note=others)


def the_row(
    call: Call, rows: list[WriteRow], request_id: str, sent: Mapping[str, object] | None = None
) -> WriteRow:
    """The only one, if it was written. Raises what its reasons mean."""
    if not rows:
        raise unclear(call, "the answer says nothing of the record")
    if rows[0].status == "skipped" or rows[0].reasons:
        raise error_of(call, said_by(rows[0].reasons, request_id, sent))
    return rows[0]


def _lead(row: _LeadRow) -> Lead:
    extra = row.model_extra or {}
    return Lead(row.id, {name: value for name, value in extra.items() if name != PARTITION_ID})


def _is_in(row: _LeadRow, partition: int | None) -> bool:
    """Where Marketo does not say in which partition a lead is, it counts as ours."""
    there = (row.model_extra or {}).get(PARTITION_ID)
    return partition is None or there is None or str(there) == str(partition)
