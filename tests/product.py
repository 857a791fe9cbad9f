"""What belongs to the product: its packages, as the import contract has them, and its modules."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
_CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
PACKAGES = sorted({*_CONTRACT["root_packages"]} - {"local", "simulators"})


def files() -> list[Path]:
    inner = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted([*ROOT.glob("*.py"), *inner])
