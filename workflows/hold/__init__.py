"""Hold: a brake or a pause, as a run."""
