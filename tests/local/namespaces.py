"""What a namespace has, and what a run needs of it."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import (
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal


async def start_headed(client: Client, workflow_id: str) -> None:
    await client.start_workflow(
        "Nothing",
        id=workflow_id,
        task_queue="nobody",
        search_attributes=TypedSearchAttributes([SearchAttributePair(temporal.HEADLINE, "Churn")]),
    )


async def retain(client: Client, span: timedelta) -> None:
    ttl = Duration()
    ttl.FromTimedelta(span)
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(
            namespace="default", config=NamespaceConfig(workflow_execution_retention_ttl=ttl)
        )
    )


async def retention(client: Client) -> timedelta:
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    return answer.config.workflow_execution_retention_ttl.ToTimedelta()


async def custom_attributes(client: Client) -> dict[str, int]:
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="default")
    )
    return dict(answer.custom_attributes)
