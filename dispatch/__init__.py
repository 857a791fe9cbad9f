"""Which runs an event has, and starting each once: routes, the dispatcher, and the movement scan."""
