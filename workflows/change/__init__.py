"""A change that a person or an agent asks for: preview, policy, decision, effect, audit."""
