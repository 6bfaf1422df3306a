"""9xx: how the session ended, and what led there."""
