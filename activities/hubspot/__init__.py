"""HubSpot's steps."""
