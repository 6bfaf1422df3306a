"""2xx: services that fail, and what hides it."""
