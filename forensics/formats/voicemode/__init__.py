"""What the voice server writes: its logs, its exchanges and its lock."""
