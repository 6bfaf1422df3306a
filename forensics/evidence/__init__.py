"""From paths to numbered lines, with an account of each: the only folder that opens a user's file. It never writes."""
