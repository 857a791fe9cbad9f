"""Python environments of the emulators: fakesnow, say, needs an older connector than the product's."""

from pathlib import Path

from rich.console import Console

from local import environments

HERE = Path(__file__).parent
NAMES = ("snowflake", "bigquery", "s3")


async def python_of(name: str, console: Console | None = None) -> Path:
    """The interpreter of the emulator's environment, made where it is missing."""
    lock = HERE / f"{name}.lock"
    return await environments.python_of(f"emulator-{name}", lock, f"the emulator of {name}", console)
