"""Steps of month-end reconciliation that call no outside system."""
