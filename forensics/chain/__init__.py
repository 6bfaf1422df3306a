"""Which findings led to which, by lines and shared resources only."""
