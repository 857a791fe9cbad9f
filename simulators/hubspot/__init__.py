"""HubSpot: a portal with contacts and companies."""
