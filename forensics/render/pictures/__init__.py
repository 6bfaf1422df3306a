"""Pictures of a session: agents, todo items and service calls over time."""
