"""Evidence packs: whether they are as they were written, and the key that signs them."""

from dataclasses import dataclass
from pathlib import Path

from clients.kit.errors import IntegrationError
from domains.reconciliation.pack.keys import make_key, public_file
from domains.reconciliation.verify import Found as Found
from domains.reconciliation.verify import Verified as Verified
from domains.reconciliation.verify import VerifiedPack as VerifiedPack
from domains.reconciliation.verify import verify as whole
from operations.errors import Stopped
from settings import Settings


@dataclass(frozen=True)
class NewKey:
    """`public` is what others verify with."""

    public: str
    file: Path
    public_file: Path


def verify(path: Path, key: str = "", head: str = "") -> Verified:
    """Asks nobody: neither Temporal nor a network. Raises Stopped."""
    try:
        return whole(path, key, head)
    except IntegrationError as error:
        raise Stopped(str(error)) from None
    except OSError as error:
        raise Stopped(f"Could not read {error.filename}: {error.strerror}.") from None


def known_key(settings: Settings) -> str:
    """The file with this installation's public key, where there is one."""
    file = public_file(settings.reconciliation.key_file)
    return str(file) if file.is_file() else ""


def new_key(settings: Settings) -> NewKey:
    """Raises Stopped where there is one: what it has signed would no longer be verified by the new one."""
    file = settings.reconciliation.key_file
    try:
        return NewKey(make_key(file), file, public_file(file))
    except FileExistsError:
        raise Stopped(f"There is a key {file} already. Move it away to make another one.") from None
    except OSError as error:
        raise Stopped(f"Could not write {error.filename}: {error.strerror}.") from None
