"""The book of truth: subscriptions as they are agreed. Each vendor's view follows by its own rules."""
