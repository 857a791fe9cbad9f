"""What every simulated system holds that the product may write to, as each tells it at its side door."""

from typing import Any

from simulators.kit.control import Control

SHOWN = {
    "salesforce": [
        f"records/{name}" for name in ("Account", "Contact", "Lead", "Opportunity", "Task", "FeedItem")
    ],
    "hubspot": [f"records/{name}" for name in ("contacts", "companies", "deals", "tasks")],
    "slack": ["messages", "conversations"],
    "intercom": ["messages", "tags", "tagged"],
    "zendesk": ["writes"],
    "gong": ["interactions"],
    "marketo": ["books"],
    "connector": ["accounts", "grants"],
}

Books = dict[str, list[Any]]


def books(simulators: Control) -> Books:
    """By system."""
    return {
        system: [simulators.ask("GET", f"{system}/{path}") for path in paths]
        for system, paths in SHOWN.items()
    }


def written_in(before: Books, after: Books) -> set[str]:
    """The systems whose books are other than before."""
    return {system for system in SHOWN if before[system] != after[system]}
