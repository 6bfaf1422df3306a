"""What a secret or a person's name looks like, and how it is taken out. Nothing reaches an output around it."""
