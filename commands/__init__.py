"""What the `mogulflow` command does, one module per job."""
