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
