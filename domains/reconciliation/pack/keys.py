"""Keys of minisign, by which this installation signs its packs. https://jedisct1.github.io/minisign"""

import base64
import binascii
import os
from pathlib import Path

import minisign

from clients.kit.errors import Rejected
from domains.reconciliation.parquet import SYSTEM


def make_key(path: Path) -> str:
    """A key pair without a password, the public one beside it as `.pub`; answers that one. Raises
    FileExistsError: a key that is there signs what others verify."""
    pair = minisign.KeyPair.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(pair.secret_key) + b"\n")
    public_file(path).write_bytes(bytes(pair.public_key) + b"\n")
    return as_text(pair.public_key)


def public_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def load_key(path: Path) -> minisign.SecretKey:
    """Raises Rejected in words, and FileNotFoundError."""
    try:
        key = minisign.SecretKey.from_file(path)
    except minisign.ParseError:
        raise Rejected(SYSTEM, f"{path} is no secret key of minisign.") from None
    if key.is_encrypted():
        raise Rejected(SYSTEM, f"{path} has a password, which nobody can type here: make a key without one.")
    return key


def public_key(given: str) -> minisign.PublicKey:
    """Of the key itself, or of a file that has it. Raises Rejected."""
    try:
        path = Path(given)
        if path.is_file():
            return minisign.PublicKey.from_file(path)
        return minisign.PublicKey.from_base64(given)
    except (ValueError, OSError):
        raise Rejected(SYSTEM, "This is neither a public key of minisign nor a file with one.") from None


def as_text(key: minisign.PublicKey) -> str:
    """`RW…`, as `minisign -P` takes it."""
    return str(key.to_base64().decode())


def key_id(text: bytes) -> bytes:
    """Of a public key or the signature's second line: the eight bytes behind the algorithm."""
    try:
        return base64.b64decode(text)[2:10]
    except binascii.Error:
        return b""
