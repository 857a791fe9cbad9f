"""Which runs wait for a person, and what their histories say."""
