"""All that Slack's simulator holds."""

from fastapi import Request

from simulators.kit.seed import Seed
from simulators.kit.shapes import Interactivity
from simulators.kit.vendor import State
from simulators.slack.clicks import Answers
from simulators.slack.sockets import Sockets
from simulators.slack.workspace import Workspace
from simulators.world import world_of


class Slack(State):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.interactivity = Interactivity()
        self.sockets = Sockets()

    def reset(self, seed: Seed) -> None:
        self.workspace = Workspace(self.url)
        self.answers = Answers(self.url)

    async def close(self) -> None:
        await super().close()
        await self.sockets.close()

    def summary(self) -> str:
        messages = sum(len(self.workspace.messages(channel.id)) for channel in self.workspace.channels)
        return f"{messages:,} message{'' if messages == 1 else 's'} in the channels."

    def hire(self, email: str) -> None:
        self.workspace.join(email)


def slack_of(request: Request) -> Slack:
    return world_of(request).of(Slack)


def workspace_of(request: Request) -> Workspace:
    return slack_of(request).workspace
