"""A product of the user's own, with a REST API that a connector describes: accounts, and access to tools."""
