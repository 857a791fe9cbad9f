"""SHA256SUMS, as `sha256sum -c` reads it: the hash, two spaces, the name, sorted by name."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from clients.kit.errors import Rejected
from domains.reconciliation.parquet import SYSTEM, sha256_of

SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.minisig"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\\\n]+)")


def files_of(folder: Path) -> list[Path]:
    """All that the sums are of. Links are among them, to wherever they lead."""
    found = (each for each in folder.rglob("*") if each.is_symlink() or not each.is_dir())
    return sorted(each for each in found if name_of(folder, each) not in (SUMS, SIGNATURE))


def name_of(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def write_sums(folder: Path) -> int:
    """How many files it is of."""
    sums = {name_of(folder, file): sha256_of(file) for file in files_of(folder)}
    text = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    (folder / SUMS).write_text(text, encoding="utf-8")
    return len(sums)


def read_sums(folder: Path) -> Mapping[str, str]:
    """Hashes by name. Raises Rejected where a line is none, a name leads elsewhere or stands there twice."""
    sums: dict[str, str] = {}
    for number, line in enumerate((folder / SUMS).read_text("utf-8", errors="replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if not match or not _is_within(match[2]) or match[2] in sums:
            raise Rejected(SYSTEM, f"Line {number} of {SUMS} is none of ours.")
        sums[match[2]] = match[1]
    return sums


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
