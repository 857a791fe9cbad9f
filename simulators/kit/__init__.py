"""What the simulators of all vendors share: faults by rule, the control API, pages, customers."""
