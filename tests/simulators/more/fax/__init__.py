"""A vendor that no file of the simulators knows."""
