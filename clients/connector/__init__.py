"""Any REST API, as a file in config/connectors describes it."""
