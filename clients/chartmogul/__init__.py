"""ChartMogul's API: customers, what they bought, and what it makes of that."""
