"""Asked of work: what was open, what was saved, what was at risk."""
