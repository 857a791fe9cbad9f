"""Questions about ChartMogul, answered: for agents, the command line and pages alike."""
