"""What clients may tell their users beforehand, set by hand for each kind of tool."""

from ingress.agents.declaration import Hints

READS = Hints(read_only=True, destructive=False, idempotent=True, open_world=False)
ADDS = Hints(read_only=False, destructive=False, idempotent=True, open_world=True)
OVERWRITES = Hints(read_only=False, destructive=True, idempotent=True, open_world=True)
