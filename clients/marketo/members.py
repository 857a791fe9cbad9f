"""Who is in a list, in a program, and who is sent through a campaign.

Exactly once: a list is a set, and a member of a program has one status, which Marketo never sets back to an
earlier one. A campaign that is requested runs at every request; neither a key nor an answer tells one from
another. It is at most once: whoever requests does so by `workflows.engine.once`.

What Marketo answers for a lead that is in the list already is UNVERIFIED: one asks whether it is a member.
"""

from pydantic import Field

from clients.kit.http import Call, unclear
from clients.marketo.errors import ALREADY_PAST, NOT_IN_LIST, NOT_IN_PROGRAM, error_of, said_by
from clients.marketo.leads import WriteRow, the_row
from clients.marketo.transport import Answer, MarketoTransport, Request, path_of
from models.base import Record

IN_LIST = "memberof"


class _MemberRow(Record):
    status: str | None = Field(default=None, alias="statusName")


class _CampaignRow(Record):
    id: int


class Members:
    def __init__(self, transport: MarketoTransport) -> None:
        self._transport = transport

    async def is_in_list(self, list_id: int, lead: str) -> bool:
        """Raises NotFound where one of them is not there."""
        call = Call("marketo", f"look whether lead {lead} is in list {list_id}")
        path = path_of("/v1/lists/{}/leads/ismember.json", list_id)
        answer = await self._transport.ask(call, WriteRow, Request("GET", path, (("id", lead),)))
        return the_row(call, answer.result, answer.request_id).status == IN_LIST

    async def add_to_list(self, list_id: int, lead: str) -> None:
        call = Call(
            "marketo",
            f"add lead {lead} to list {list_id}",
            writes=True,
            done=f"lead {lead} was added to list {list_id}",
        )
        path = path_of("/v1/lists/{}/leads.json", list_id)
        answer = await self._transport.ask(call, WriteRow, Request("POST", path, (("id", lead),)))
        the_row(call, answer.result, answer.request_id)

    async def remove_from_list(self, list_id: int, lead: str) -> None:
        call = Call(
            "marketo",
            f"take lead {lead} out of list {list_id}",
            writes=True,
            done=f"lead {lead} was taken out of list {list_id}",
        )
        path = path_of("/v1/lists/{}/leads.json", list_id)
        answer = await self._transport.ask(call, WriteRow, Request("DELETE", path, (("id", lead),)))
        _done(call, answer, already=NOT_IN_LIST)

    async def status(self, program_id: int, lead: str) -> str | None:
        """Of the member; None where it is none."""
        call = Call("marketo", f"read the status of lead {lead} in program {program_id}")
        path = path_of("/v1/programs/{}/members.json", program_id)
        query = (("filterType", "leadId"), ("filterValues", lead), ("fields", "leadId,statusName"))
        answer = await self._transport.ask(call, _MemberRow, Request("GET", path, query))
        return (answer.result[0].status or "") if answer.result else None

    async def set_status(self, program_id: int, lead: str, status: str) -> bool:
        """False where Marketo skips it, for the member has that status or one that comes after it."""
        call = Call(
            "marketo",
            f"set the status of lead {lead} in program {program_id}",
            writes=True,
            done=f"lead {lead} got its status in program {program_id}",
        )
        path = path_of("/v1/programs/{}/members/status.json", program_id)
        body = {"statusName": status, "input": [{"leadId": int(lead)}]}
        answer = await self._transport.ask(call, WriteRow, Request("POST", path, body=body))
        return _done(call, answer, already=ALREADY_PAST)

    async def remove_from_program(self, program_id: int, lead: str) -> None:
        call = Call(
            "marketo",
            f"take lead {lead} out of program {program_id}",
            writes=True,
            done=f"lead {lead} was taken out of program {program_id}",
        )
        path = path_of("/v1/programs/{}/members/delete.json", program_id)
        body = {"input": [{"leadId": int(lead)}]}
        answer = await self._transport.ask(call, WriteRow, Request("POST", path, body=body))
        _done(call, answer, already=NOT_IN_PROGRAM)

    async def request(self, campaign_id: int, lead: str) -> None:
        """One call. Raises OutcomeUnknown where nobody knows whether the campaign runs."""
        call = Call(
            "marketo",
            f"request campaign {campaign_id} for lead {lead}",
            writes=True,
            done=f"campaign {campaign_id} was requested for lead {lead}",
            again="a second request would run it again: a person has to look at the lead's activity log",
        )
        path = path_of("/v1/campaigns/{}/trigger.json", campaign_id)
        body = {"input": {"leads": [{"id": int(lead)}]}}
        answer = await self._transport.ask(call, _CampaignRow, Request("POST", path, body=body))
        if not answer.result:
            raise unclear(call, "the answer does not name the campaign")


def _done(call: Call, answer: Answer[WriteRow], *, already: str) -> bool:
    """False where Marketo skips it with that code: it is so already."""
    if answer.result and answer.result[0].reasons:
        said = said_by(answer.result[0].reasons, answer.request_id)
        if said.code == already:
            return False
        raise error_of(call, said)
    the_row(call, answer.result, answer.request_id)
    return True
