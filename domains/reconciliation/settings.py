"""Settings of month-end reconciliation."""

from pathlib import Path

from pydantic import Field

from clients.kit.settings import SystemSettings


class Reconciliation(SystemSettings):
    folder: Path = Field(
        default=Path("data/reconciliation"),
        description="Where snapshots and evidence packs are kept, for good. Shared by all workers",
    )
    key_file: Path = Field(
        default=Path(".mogulflow/reconciliation.key"),
        description="minisign's secret key that signs packs; `mogulflow reconcile key` makes one",
    )

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshots"

    @property
    def packs(self) -> Path:
        return self.folder / "packs"
