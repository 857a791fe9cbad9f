"""Arguments that several tools take. Their words are all that an agent knows of them: short, and the same."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from models.changes import LONGEST_REASON, SHORTEST_REASON

Account = Annotated[str, Field(description="Needed where there are several", max_length=200)]
Named = Annotated[str, Field(description="uuid, external id or e-mail", min_length=1, max_length=1000)]
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(description="next_cursor of the page before", max_length=2000)]
Start = Annotated[date, Field(description="First day")]
End = Annotated[date, Field(description="Last day")]

Reason = Annotated[
    str,
    Field(description="Shown to who decides", min_length=SHORTEST_REASON, max_length=LONGEST_REASON),
]
DryRun = Annotated[bool, Field(description="Preview only")]
Key = Annotated[
    str,
    Field(
        description="The same change keeps the same key: a repeat gives the first run back", max_length=200
    ),
]

NOTHING: list[Any] = []
"""Where a list is left out. Nobody adds to it."""
