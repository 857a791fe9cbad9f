"""Settings of the connectors in config/connectors."""

from pathlib import Path

from pydantic import Field

from clients.kit.settings import SystemSettings


class Connectors(SystemSettings):
    folder: Path = Field(
        default=Path("config/connectors"), description="Files of connectors, one for each API"
    )
    allowed_hosts: str = Field(
        default="",
        description="Hosts off the public internet that connectors may reach, separated by commas; as written"
        " in the connector's file. Only to these a connection may be without TLS",
    )
    state_dir: Path = Field(
        default=Path(".mogulflow/connectors"),
        description="Where refresh tokens are kept that a vendor has renewed. Shared by all workers",
    )

    @property
    def allowed(self) -> frozenset[str]:
        return frozenset(each.strip() for each in self.allowed_hosts.split(",") if each.strip())
