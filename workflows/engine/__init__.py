"""What runs of every template do: steps, the log that the Web UI shows, waiting for a hold's end."""
