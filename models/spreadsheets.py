"""Text in files that are opened by spreadsheets, which run what begins like a formula."""

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


def unrun(text: str) -> str:
    """As text for whoever opens it: what begins like a formula has a quotation mark before it."""
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text
