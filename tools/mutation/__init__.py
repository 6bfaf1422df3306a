"""How many small mistakes the tests would notice: a sample of mutants, each run against the tests that concern it."""
