"""Prometheus metrics of the ingress. The worker's come from Temporal's SDK."""

from prometheus_client import Counter, Gauge, Histogram

DELIVERIES = Counter(
    "mogulflow_webhook_deliveries",
    "Deliveries by what became of them: started, held, told, duplicate, unrouted, ignored, refused, "
    "unreadable, unreadable_not_kept, unavailable, backlog",
    ["result"],
)
REQUEST_SECONDS = Histogram("mogulflow_http_request_seconds", "Time to answer, by route", ["path", "status"])
BACKLOG_AGE = Gauge(
    "mogulflow_backlog_age_seconds", "How long the oldest waiting run has waited for a worker"
)
TOOL_CALLS = Counter(
    "mogulflow_tool_calls",
    "Calls of agents' tools by what came of them: done, cancelled, or the error's code",
    ["tool", "result"],
)
TOOL_SECONDS = Histogram("mogulflow_tool_seconds", "Time to answer a call of an agent's tool", ["tool"])
