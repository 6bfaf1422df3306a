"""3xx: safeguards that were not there."""
