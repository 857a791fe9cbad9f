"""The connectors of a process: made when they are first called, by what the call says of them."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

from clients.connector.addresses import Gate
from clients.connector.client import ConnectorClient
from clients.connector.settings import Connectors
from clients.kit.cooldown import Cooldown
from models.connectors import Connector

MOST_OPEN = 50
"""Connections to so many are kept: runs of old may bring a file as it was then."""


class ConnectorClients:
    """`spares` says whether a connector that refuses its calls is spared, as a worker does."""

    def __init__(self, settings: Connectors, variables: Mapping[str, str], *, spares: bool = False) -> None:
        self._settings, self._variables, self._spares = settings, variables, spares
        self._gate = Gate(settings.allowed)
        self._open: OrderedDict[str, ConnectorClient] = OrderedDict()
        self._cooldowns: dict[str, Cooldown] = {}

    async def to(self, name: str, connector: Connector) -> ConnectorClient:
        """One for each content of its file; all of one name are spared together."""
        known = hashlib.blake2b(f"{name} {connector.model_dump_json()}".encode(), digest_size=16).hexdigest()
        if known not in self._open:
            self._open[known] = ConnectorClient(
                name, connector, self._variables, self._gate, self._settings.state_dir, self._cooldown(name)
            )
        self._open.move_to_end(known)
        if len(self._open) > MOST_OPEN:
            idle = [each for each in list(self._open)[:-1] if self._open[each].is_idle]
            for oldest in idle[:1]:
                await self._open.pop(oldest).aclose()
        return self._open[known]

    async def aclose(self) -> None:
        for client in self._open.values():
            await client.aclose()

    def _cooldown(self, name: str) -> Cooldown | None:
        if not self._spares:
            return None
        return self._cooldowns.setdefault(name, Cooldown(name))
