"""What comes in: ChartMogul's webhooks, and the one door to the workflows."""
