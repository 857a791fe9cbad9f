"""ChartMogul, read for a month: what it counts, and by which settings."""
