"""Asked of speech: results, endpoints, what served and what refused."""
