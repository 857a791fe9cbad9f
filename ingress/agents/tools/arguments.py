"""Arguments that several tools take. Their words are all that an agent knows of them: short, and the same.
Bounds that no sensible call meets are not in the schema."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from models.changes import LONGEST_REASON, SHORTEST_REASON


class OrNone:
    """Left out it is None; nobody has to say null."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        [said] = [each for each in found.pop("anyOf") if each != {"type": "null"}]
        whole: JsonSchemaValue = found | said
        return whole


OR_NONE = OrNone()


def bounded(most: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"it has more than {most} letters")
        return text

    checked: Callable[[str], str] = check
    return AfterValidator(checked)


Account = Annotated[str, Field(description="Where there are several"), bounded(200)]
Named = Annotated[str, Field(description="uuid, external id or e-mail", min_length=1), bounded(1000)]
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(description="next_cursor of the page before"), bounded(2000)]
Start = date
End = date
"""The last day, included."""

Reason = Annotated[
    str,
    Field(description="Shown to who decides", min_length=SHORTEST_REASON, max_length=LONGEST_REASON),
]
DryRun = Annotated[bool, Field(description="Preview only")]
Key = Annotated[
    str,
    Field(description="The same change keeps its key: a repeat is the first run"),
    bounded(200),
]
NOTHING: list[Any] = []
"""Where a list is left out. Nobody adds to it."""
