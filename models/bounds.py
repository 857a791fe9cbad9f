"""Texts cut by what they take: Temporal counts bytes, and a letter has up to four."""

MARK = "…"


def within(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, with a mark at the end where it was longer."""
    whole = text.encode(errors="replace")
    if len(whole) <= most:
        return text
    return whole[: most - len(MARK.encode())].decode(errors="ignore") + MARK
