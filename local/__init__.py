"""The whole product on this machine: Temporal, PostgreSQL and simulators as child processes."""
