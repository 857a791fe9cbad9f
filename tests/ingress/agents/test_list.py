"""The tools that we ship: their list is short enough for any agent's context."""

import json
from pathlib import Path

from ingress.agents.callers import Callers
from ingress.agents.file import AgentsFile
from ingress.agents.server import AgentServer
from ingress.agents.tools import TOOLS
from settings import Settings

MOST_BYTES = 16_000


async def test_the_whole_list_is_short(tmp_path: Path) -> None:
    file = tmp_path / "agents.yaml"
    file.write_text("principals: {}\n")
    server = AgentServer(TOOLS, Callers(Settings(), AgentsFile(file), {}, lambda: None))
    listed = [
        each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in await server.all_tools()
    ]
    assert {each["name"] for each in listed} == {each.name for each in TOOLS}
    assert len(json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()) <= MOST_BYTES
    for each in listed:
        assert all(isinstance(hint, bool) for hint in each["annotations"].values())
        assert len(each["annotations"]) == 4
