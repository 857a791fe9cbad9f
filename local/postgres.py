"""A PostgreSQL of our own on 127.0.0.1: the newest one installed, with a data folder that is ours."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from local.builds import NoTemporal
from local.processes import Child, run

USER = "temporal"
DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian keeps each version, off the path."""

MAX_CONNECTIONS = 200
"""Each of Temporal's four services may open 30."""


def find_postgres() -> Path:
    """The folder with initdb and postgres."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise NoTemporal(
            "Temporal as in production needs PostgreSQL, which is not installed. "
            "On Debian: sudo apt install postgresql; on macOS: brew install postgresql"
        )
    return found[-1].parent


class Postgres(Child):
    """As root it runs as the user `postgres`, who may not enter every folder: its data is then in a
    temporary one and gone when it stops."""

    def __init__(self, place: Path, port: int, log: Path) -> None:
        self.port = port
        self._binaries = find_postgres()
        self._temporary = _temporary_folder() if _is_root() else None
        self._folder = self._temporary / "postgres" if self._temporary else place
        super().__init__(
            name="postgres",
            command=[
                *(*_as_owner(), str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", f"max_connections={MAX_CONNECTIONS}"),
            ],
            log=log,
            directory=self._folder,
            lock=self._folder.with_suffix(".lock"),
            ready=self._answers,
        )

    @property
    def password(self) -> str:
        return self._password_file.read_text()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"

    async def start(self) -> None:
        if not self._data.exists():
            await self._create()
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    async def execute(self, database: str, statement: str) -> None:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        words = [str(self._binaries / "psql"), "-q", *where, "-c", statement]
        await run("psql", words, self.log, os.environ | {"PGPASSWORD": self.password})

    async def _create(self) -> None:
        if self._temporary:
            self._temporary.mkdir(mode=0o700, exist_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._password_file.touch(0o600)
        self._password_file.write_text(secrets.token_urlsafe(16))
        if self._temporary:
            for path in (self._temporary, self._folder, self._password_file):
                shutil.chown(path, "postgres", "postgres")
        partial = self._folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        options = {"--pgdata": partial, "--username": USER, "--pwfile": self._password_file}
        fixed = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
        words = [*_as_owner(), str(self._binaries / "initdb"), *fixed]
        words += [f"{name}={value}" for name, value in options.items()]
        await run("initdb", words, self.log, directory=self._folder)
        partial.rename(self._data)

    async def _answers(self) -> None:
        words = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        await run("pg_isready", words, self.log)


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"mogulflow-postgres-{secrets.token_hex(8)}"


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_owner() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if not _is_root():
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
