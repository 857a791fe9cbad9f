"""All that HubSpot's simulator holds: the portal, and how many calls it has taken lately."""

from fastapi import Request

from simulators.hubspot.limits import HubSpotLimits
from simulators.hubspot.portal import Portal
from simulators.hubspot.seed import HubSpotSeed
from simulators.kit.seed import Seed
from simulators.kit.vendor import State
from simulators.world import world_of


class HubSpot(State):
    def reset(self, seed: Seed) -> None:
        self.seed = seed
        self.portal = Portal(HubSpotSeed(seed))
        self.limits = HubSpotLimits()

    def summary(self) -> str:
        written = sum(len(changed) for changed in self.portal.changed.values())
        return f"Contacts, companies, deals and tasks, {written:,} of them written."

    def hire(self, email: str) -> None:
        self.portal.seed.hire(email)


def hubspot_of(request: Request) -> HubSpot:
    return world_of(request).of(HubSpot)
