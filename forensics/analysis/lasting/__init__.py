"""What lasted in a session, lane by lane: agents, todo items, calls of services."""
