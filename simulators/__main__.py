"""`python -m simulators`: runs them all on one port and prints where, as one line of JSON."""

import argparse
import json
import socket
import sys
from contextlib import suppress

import uvicorn

from simulators.app import create_app
from simulators.billing.state import Billing
from simulators.chartmogul.state import ChartMogul
from simulators.kit.shapes import Interactivity, Reset, WebhookRules
from simulators.slack.state import Slack
from simulators.vendors import all_vendors
from simulators.world import World


def main() -> None:
    options = _options()
    line = socket.create_server((options.host, options.port), backlog=2048)
    # asyncio sets this only on sockets it has opened itself; without it every answer waits 40 ms.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = options.url or f"http://{options.host}:{line.getsockname()[1]}"
    start = Reset(
        customers=options.customers,
        seed=options.seed,
        movements=options.movements,
        invoices=options.invoices,
    )
    world = World(url.rstrip("/"), start, all_vendors(), options.latency_ms)
    world.of(ChartMogul).webhook.rules = WebhookRules(url=options.webhook)
    world.of(Slack).interactivity = Interactivity(url=options.slack_interactivity)
    for each in options.billing_webhook:
        _send_to(world, *each.split("=", 1))
    config = uvicorn.Config(
        create_app(world),
        log_level="warning",
        access_log=False,
        ws="none",
        proxy_headers=False,
        timeout_keep_alive=120,  # longer than clients keep a connection: none is closed as they send on it
        timeout_graceful_shutdown=1,
    )
    with suppress(KeyboardInterrupt):
        _Server(config, world.url).run(sockets=[line])


def _send_to(world: World, system: str, url: str = "") -> None:
    """Raises SystemExit where that is no billing system."""
    of = {vendor.name: world.of(vendor.state) for vendor in world.vendors}
    state = of.get(system)
    if not isinstance(state, Billing):
        raise SystemExit(f"--billing-webhook: {system} is no billing system")
    state.webhook_url = url


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(json.dumps({"url": self._url}) + "\n")
        sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m simulators", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=8500, help="0 takes a free one")
    add("--url", help="what to call ourselves in links, where host and port are not reachable")
    add("--customers", type=int, default=200, help="1 to 1,000,000")
    add("--seed", type=int, default=7, help="the same seed makes the same customers")
    add("--movements", type=int, help="how many each customer has had, from 2; by default a few")
    add("--invoices", type=int, default=3, help="how many each customer has, at most")
    add("--webhook", metavar="URL", help="where ChartMogul's webhooks go")
    add(
        "--billing-webhook",
        metavar="SYSTEM=URL",
        action="append",
        default=[],
        help="where a billing system's go; may be repeated",
    )
    add("--slack-interactivity", metavar="URL", help="where clicks on Slack's buttons go")
    add("--latency-ms", type=float, default=0, help="added to every call of a vendor's API")
    return parser.parse_args()


if __name__ == "__main__":
    main()
