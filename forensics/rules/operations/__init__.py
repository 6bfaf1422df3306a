"""4xx: failures of operation."""
