"""Workers for the bare workflow, in this process, and what starts it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import GrpcCompression
from temporalio.worker import Worker

import temporal
from activities.chartmogul import ChartMogulActivities
from activities.salesforce.steps import SalesforceActivities
from activities.slack import SlackActivities
from benchmarks.bare import Bare, Lost
from benchmarks.ground import Ground, Json
from clients.chartmogul.client import ChartMogulClient
from clients.chartmogul.settings import ChartMogulAccount
from clients.salesforce.client import SalesforceClient
from clients.salesforce.settings import Salesforce
from clients.slack.client import SlackClient
from clients.slack.settings import Slack
from simulators.kit import shapes
from simulators.kit.control import Control

Start = Callable[[Json], Awaitable[WorkflowHandle[Any, Any]]]


@asynccontextmanager
async def rival(ground: Ground, *, local: bool) -> AsyncIterator[Start]:
    """All local and eager, without sandbox: the ceiling. Else regular activities by the SDK's defaults."""
    client = await Client.connect(
        ground.stack.temporal.address,
        data_converter=pydantic_data_converter,
        grpc_compression=GrpcCompression.NONE if local else GrpcCompression.GZIP,
    )
    queue = f"bare-{'local' if local else 'regular'}"

    async def start(body: Json) -> WorkflowHandle[Any, Any]:
        lost = Lost(
            key=uuid4().hex, customer_uuid=body["customer"]["uuid"], at=datetime.now(UTC), local=local
        )
        return await client.start_workflow(
            "bare", lost, id=f"bare/{lost.key}", task_queue=queue, request_eager_start=local
        )

    clients = _clients(ground.control)
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Bare],
        activities=_activities(*clients),
        no_remote_activities=local,
        workflow_runner=temporal.workflow_runner(sandboxed=not local),
    )
    try:
        async with worker:
            yield start
    finally:
        await asyncio.gather(*(each.aclose() for each in clients))


def _activities(
    account: ChartMogulClient, org: SalesforceClient, workspace: SlackClient
) -> list[Callable[..., Any]]:
    chartmogul = ChartMogulActivities({"default": account})
    salesforce = SalesforceActivities(org)
    slack = SlackActivities(workspace)
    return [
        chartmogul.read_customer,
        chartmogul.read_subscriptions,
        chartmogul.read_movements,
        chartmogul.read_latest_note,
        salesforce.find_account_owner,
        salesforce.create_save_task,
        slack.find_member,
        slack.post_message,
    ]


def _clients(control: Control) -> tuple[ChartMogulClient, SalesforceClient, SlackClient]:
    """The product's own clients, so that the calls are the same."""
    key, secret, token = map(
        SecretStr, (shapes.CHARTMOGUL_KEY, shapes.SALESFORCE_CLIENT_SECRET, shapes.SLACK_TOKEN)
    )
    account = ChartMogulAccount(api_key=key, base_url=control.chartmogul_url)
    org = Salesforce(
        instance_url=control.salesforce_url, client_id=shapes.SALESFORCE_CLIENT_ID, client_secret=secret
    )
    workspace = Slack(bot_token=token, base_url=control.slack_url)
    return ChartMogulClient(account), SalesforceClient(org), SlackClient(workspace)
