"""Is everything there that the routes need, and what to do where it is not: one module per system."""
