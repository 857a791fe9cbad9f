"""Groups of the `mogulflow` command; what a command needs is imported when it runs, for a quick start."""
