"""What agents may do."""

from collections.abc import Sequence

from ingress.agents.declaration import Tool

TOOLS: Sequence[Tool] = ()
