"""What comes in as webhooks: a module per source, and how any body is read."""
