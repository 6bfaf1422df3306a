"""Asked of turns: what was open, and what was silent."""
