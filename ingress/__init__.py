"""What comes in: ChartMogul's webhooks, and the one dispatcher to the workflows."""
