"""ChartMogul: customers with a past, its API and its webhooks."""
