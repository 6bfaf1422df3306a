"""Asked of agents: their lives together, their briefs, what they cost."""
