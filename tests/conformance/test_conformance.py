"""Both revisions of the protocol, by the public suite: no scenario is expected to fail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp import Client

from tests.conformance.fixtures import PROMPTS, RESOURCES, TOOLS
from tests.conformance.running import REVISIONS, served, verdict
from tests.ingress.agents.stand_ins import TOOLS as OURS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_server,
    # logging by the protocol, which a scenario of the older revision asks for
    pytest.mark.filterwarnings("ignore:.*deprecated as of 2026-07-28"),
]


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with served(tmp_path_factory.mktemp("conformance")) as found:
        yield found


async def test_all_that_the_suite_asks_for_is_there(url: str) -> None:
    """Else scenarios may pass because there is nothing to look at."""
    async with Client(url) as client:
        tools = {each.name for each in (await client.list_tools()).tools}
        resources = {str(each.uri) for each in (await client.list_resources()).resources}
        prompts = {each.name for each in (await client.list_prompts()).prompts}
    assert TOOLS | {each.name for each in OURS} == tools
    assert (resources, prompts) == (RESOURCES, PROMPTS)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_required_scenario_passes(url: str, revision: str, tmp_path: Path) -> None:
    found = await verdict(url, revision, tmp_path)
    assert found.is_good, found.said
    assert found.required == {"2026-07-28": 37, "2025-11-25": 30}[revision]
