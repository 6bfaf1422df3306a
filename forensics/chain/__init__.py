"""Which failures of a session led to which, as far as the records say so."""
