"""The scopes of a bot token that our calls need. deploy/slack/manifest.yaml asks for all of them."""

TO_CHANNELS = frozenset({
    "chat:write", "channels:read", "channels:history", "groups:read", "groups:history", "users:read",
    "users:read.email",
})  # fmt: skip
TO_PEOPLE = frozenset({"im:write", "im:history"})
"""Besides, where somebody is told by direct message."""

OF_CLICKS = frozenset({"users:read", "users:read.email"})
"""Without them nobody knows who decides by a button."""

PRIVATE = frozenset({"groups:read", "groups:history"})
"""Of use in private channels alone."""
