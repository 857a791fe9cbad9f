"""Local stand-ins for the systems we talk to: real HTTP, state in memory, faults by rule."""
