"""Who calls, with what its tools work with."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mcp.server.auth.provider import AccessToken
from temporalio.client import Client

from clients.chartmogul.client import ChartMogulClient
from ingress.agents.declaration import Caller, Tool
from ingress.agents.limits import MOST_PRINCIPALS
from models.agents import Principal
from operations.agents.file import AgentsFile
from settings import Settings

WRITES: frozenset[str] = frozenset(
    {"customers.write", "subscriptions.write", "customers.admin", "alerts.write"}
)


def may_use(scopes: frozenset[str], tool: Tool) -> bool:
    return bool(scopes & WRITES) if tool.scope is None else tool.scope in scopes


@dataclass(frozen=True)
class Callers:
    settings: Settings
    file: AgentsFile
    chartmogul: Mapping[str, ChartMogulClient]
    temporal: Callable[[], Client | None]
    _readers: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def of(self, token: AccessToken) -> Caller:
        agents, about = self.file.current(), token.claims or {}
        principal = agents.principals.get(about.get("entry", ""), Principal())
        accounts = tuple(name for name in principal.accounts if name in self.settings.chartmogul)
        return Caller(
            name=name_of(token),
            scopes=scopes_of(token),
            owner=principal.owner,
            people=tuple(about.get("people", ())),
            accounts=accounts,
            settings=self.settings,
            agents=agents,
            chartmogul={name: self.chartmogul[name] for name in accounts},
            client=self.temporal(),
            has_read_untrusted=name_of(token) in self._readers,
        )

    def note_untrusted(self, caller: Caller) -> None:
        """Sessions of the newer protocol have no beginning and no end: it counts for as long as we run."""
        self._readers[caller.name] = None
        self._readers.move_to_end(caller.name)
        if len(self._readers) > MOST_PRINCIPALS:
            self._readers.popitem(last=False)


def name_of(token: AccessToken) -> str:
    return str((token.claims or {}).get("name", ""))


def scopes_of(token: AccessToken) -> frozenset[str]:
    return frozenset(token.scopes)


def can_ask_for_more(token: AccessToken) -> bool:
    """Whether whoever signs its tokens gives it one with more scopes: ours are what the file says."""
    return bool((token.claims or {}).get("can_ask_for_more"))
