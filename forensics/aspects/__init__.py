"""What several rules ask of a case: joins over its tables, each computed from the case alone."""
