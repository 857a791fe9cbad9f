"""The tools that we ship: their list is short enough for any agent's context, and says what clients ask."""

import json

from ingress.agents.tools import TOOLS
from tests.ingress.agents.conftest import Served

MOST_BYTES = 16_000


async def test_the_whole_list_is_short(shipped: Served) -> None:
    tools = await shipped.agent("admin").tools()
    assert list(tools) == [each.name for each in TOOLS]
    assert (
        len(json.dumps([*tools.values()], ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_BYTES
    )


async def test_each_tool_has_all_hints(shipped: Served) -> None:
    for each in (await shipped.agent("admin").tools()).values():
        assert [type(hint) for hint in each["annotations"].values()] == [bool] * 4


async def test_a_reader_sees_none_that_writes(shipped: Served) -> None:
    for each in (await shipped.agent("reader").tools()).values():
        assert each["annotations"]["readOnlyHint"]
