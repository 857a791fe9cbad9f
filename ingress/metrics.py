"""Prometheus metrics of the ingress. The worker's come from Temporal's SDK."""

from prometheus_client import Counter, Histogram

DELIVERIES = Counter(
    "mogulflow_webhook_deliveries",
    "ChartMogul deliveries by what became of them: started, duplicate, unrouted, refused, unavailable",
    ["result"],
)
REQUEST_SECONDS = Histogram("mogulflow_http_request_seconds", "Time to answer, by route", ["path", "status"])
