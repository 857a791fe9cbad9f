"""How Zendesk writes a tag."""

import re

_BREAKS = re.compile(r"[\s,]+")


def fitting(tag: str) -> str:
    """`Churn risk` is `churn_risk`: of one with a space or a comma Zendesk makes two, and writes all in lower
    case. UNVERIFIED: which other characters it refuses. They are sent as they are, and where Zendesk does not
    keep them as they are, its answer says so. Empty where nothing is left."""
    return "_".join(filter(None, _BREAKS.split(tag.lower())))
