"""What developers of forensics run; no part of the program."""
