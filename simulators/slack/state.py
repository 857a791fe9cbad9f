"""All that Slack's simulator holds."""

from fastapi import Request

from simulators.kit.seed import Seed
from simulators.kit.vendor import State
from simulators.slack.workspace import Workspace
from simulators.world import world_of


class Slack(State):
    def reset(self, seed: Seed) -> None:
        self.workspace = Workspace(self.url)

    def summary(self) -> str:
        messages = sum(len(self.workspace.messages(channel.id)) for channel in self.workspace.channels)
        return f"{messages:,} message{'' if messages == 1 else 's'} in the channels."

    def hire(self, email: str) -> None:
        self.workspace.join(email)


def workspace_of(request: Request) -> Workspace:
    return world_of(request).of(Slack).workspace
