"""What `timeline`, `events` and `query` write."""
