"""Local stand-ins for ChartMogul, Salesforce and Slack: real HTTP, state in memory, faults by rule."""
