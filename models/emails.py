"""What can be an e-mail address."""

LONGEST = 320
ODD = frozenset('"\\<>(),;:')
"""In no address that people have, and part of a query or a header where they stand in one."""


def address(text: str | None) -> str | None:
    """Without white space around it; None where it is none."""
    found = (text or "").strip()
    mailbox, _, host = found.partition("@")
    if not mailbox or not host or "@" in host or len(found) > LONGEST:
        return None
    return None if any(each in ODD or each.isspace() for each in found) else found
