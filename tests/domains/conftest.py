"""ChartMogul by plain HTTP, for what is compared with it."""

from collections.abc import Iterator

import httpx
import pytest

from simulators.kit.control import NO_CERTIFICATES, Control
from simulators.kit.shapes import CHARTMOGUL_KEY


@pytest.fixture
def chartmogul(simulators: Control) -> Iterator[httpx.Client]:
    """With the customers of seed 7."""
    simulators.reset(seed=7)
    auth = (CHARTMOGUL_KEY, "")
    with httpx.Client(
        base_url=simulators.chartmogul_url, auth=auth, trust_env=False, timeout=60, verify=NO_CERTIFICATES
    ) as http:
        yield http
