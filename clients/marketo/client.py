"""Marketo: leads, and where they are put. Each part says by what means a write is exactly once in effect."""

from clients.kit.cooldown import Cooldown
from clients.kit.http import Call
from clients.kit.rest import TIMEOUT_SECONDS
from clients.marketo.assets import PAGE_SIZE, Assets
from clients.marketo.leads import Leads
from clients.marketo.members import Members
from clients.marketo.objects import CustomObjects
from clients.marketo.settings import Marketo
from clients.marketo.transport import MarketoTransport, Request
from models.base import Record


class _Usage(Record):
    total: int = 0


class MarketoClient:
    def __init__(
        self,
        settings: Marketo,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        cooldown: Cooldown | None = None,
    ) -> None:
        self.settings = settings
        self._transport = MarketoTransport(settings, timeout_seconds, cooldown)
        self.leads = Leads(self._transport, settings)
        self.assets = Assets(self._transport, page_size)
        self.members = Members(self._transport)
        self.objects = CustomObjects(self._transport)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def user(self) -> str:
        """The API-Only user that owns the LaunchPoint service. Signs in."""
        return await self._transport.scope()

    async def calls_today(self) -> int:
        """Of all integrations of the instance."""
        call = Call("marketo", "read the usage of the API")
        answer = await self._transport.ask(call, _Usage, Request("GET", "/v1/stats/usage.json"))
        return answer.result[0].total if answer.result else 0

    def link(self, lead: str) -> str | None:
        """Where people see it. The host of their pages is in no answer about leads: it is a setting. That the
        path is the same everywhere is UNVERIFIED."""
        if self.settings.app_url is None:
            return None
        return f"{self.settings.app_url.rstrip('/')}/leadDatabase/loadLeadDetail?leadId={lead}"
