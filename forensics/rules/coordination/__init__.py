"""1xx: agents and lists that get in each other's way."""
