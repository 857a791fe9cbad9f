"""All that Intercom's simulator holds: the workspace, and how many calls this window has taken."""

import time

from fastapi import Request

from simulators.intercom.seed import IntercomSeed
from simulators.intercom.workspace import Workspace
from simulators.kit.seed import Seed
from simulators.kit.vendor import State, counted
from simulators.world import world_of

WINDOW_SECONDS = 10


class Intercom(State):
    def reset(self, seed: Seed) -> None:
        self.numbers = seed
        self.workspace = Workspace(IntercomSeed(seed))
        self._window = self._taken = 0

    def summary(self) -> str:
        sent, tagged = len(self.workspace.messages), sum(map(bool, self.workspace.tagged.values()))
        return f"Users, leads and companies, {tagged:,} of them tagged. {counted(sent, 'message')} sent."

    def count_call(self) -> tuple[bool, dict[str, str]]:
        """Whether the window takes one more, and the headers that say what is left of it."""
        most, window = self.workspace.rules.requests_per_10_seconds, int(time.time()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._taken = window, 0
        taken = self._taken < most
        self._taken += taken
        return taken, {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(most - self._taken),
            "X-RateLimit-Reset": str((window + 1) * WINDOW_SECONDS),
        }


def intercom_of(request: Request) -> Intercom:
    return world_of(request).of(Intercom)


def workspace_of(request: Request) -> Workspace:
    return intercom_of(request).workspace
