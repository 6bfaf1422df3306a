"""What reads a stranger's bytes, fed with spoilt ones: what is found becomes a fixture."""
