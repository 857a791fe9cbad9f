"""What people and agents ask for, one module per use case: typed results, typed errors, nothing printed."""
