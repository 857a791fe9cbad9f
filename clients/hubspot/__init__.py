"""HubSpot, by its own library."""
