"""Who owns records in HubSpot: its users, as owners."""

from clients.hubspot.transport import Calls, Page
from clients.kit.errors import NotFound
from clients.kit.http import Call
from models.hubspot import Owner


class Owners:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def by_id(self, owner_id: str) -> Owner | None:
        """Also one who has left, whose record is archived."""
        return await self._by_id(owner_id, archived=False) or await self._by_id(owner_id, archived=True)

    async def by_email(self, email: str) -> Owner | None:
        """The active one with that address."""
        call = Call("hubspot", "look for an owner by e-mail")
        answer = await self._calls.one(
            call, Page[Owner], lambda hs: hs.crm.owners.owners_api.get_page(email=email.strip(), limit=100)
        )
        active = [each for each in answer.results if not each.archived]
        return min(active, key=lambda each: each.id, default=None)

    async def _by_id(self, owner_id: str, *, archived: bool) -> Owner | None:
        call = Call("hubspot", f"read owner {owner_id}")
        try:
            return await self._calls.one(
                call,
                Owner,
                lambda hs: hs.crm.owners.owners_api.get_by_id(
                    owner_id, id_property="id", archived="true" if archived else "false"
                ),
            )
        except NotFound:
            return None
