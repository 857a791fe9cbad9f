"""Clients and simulators against the vendors' own descriptions of their APIs, by Prism: `make test-specs`."""
