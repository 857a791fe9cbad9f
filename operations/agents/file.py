"""config/agents.yaml as it stands now: what is changed there counts from the next call on."""

import logging
from collections.abc import Callable
from pathlib import Path

from configuration.files import BadConfig, load_agents
from models.agents import Agents, Principal
from operations.agents.tokens import has_expired
from settings import Settings

log = logging.getLogger("mogulflow.ingress")


def agents_now(settings: Settings) -> Callable[[], Agents]:
    """Gives the file as it stands at each call; without one nobody may ask or decide. Raises BadConfig."""
    return AgentsFile(settings.agents_file).current if Path(settings.agents_file).exists() else Agents


class AgentsFile:
    """Raises BadConfig where it cannot be used at the start. Later on, a file that cannot be used changes
    nothing, and one that is gone has no principals: nobody is let in."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._read_at = self._time()
        self._agents = load_agents(self._path)
        self._by_digest = _by_digest(self._agents)

    def current(self) -> Agents:
        if (time := self._time()) != self._read_at:
            self._read_at = time
            self._read()
        return self._agents

    def holder_of(self, digest: str) -> tuple[str, Principal] | None:
        """Whose token has that SHA-256, and has not expired."""
        principals = self.current().principals
        name = self._by_digest.get(digest)
        if name is None or has_expired(principals[name]):
            return None
        return name, principals[name]

    def _read(self) -> None:
        try:
            self._agents = load_agents(self._path) if self._read_at else Agents()
        except BadConfig:  # its words may quote a token that somebody put in the place of its digest
            log.error("%s cannot be used: the one before counts. `mogulflow agents` says why", self._path)
            return
        self._by_digest = _by_digest(self._agents)
        log.info("%s is read anew", self._path, extra={"principals": len(self._agents.principals)})

    def _time(self) -> tuple[int, ...]:
        """Of its last change, with what tells two of the same instant apart; nothing where there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


def _by_digest(agents: Agents) -> dict[str, str]:
    return {digest: name for name, each in agents.principals.items() for digest in each.token_sha256}
