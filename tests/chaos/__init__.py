"""The whole system under fire: FIRE=full for the long form."""

import os

FULL = os.environ.get("FIRE") == "full"
