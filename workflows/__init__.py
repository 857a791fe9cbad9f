"""One durable workflow per template. They know neither clients nor settings."""
