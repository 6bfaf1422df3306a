"""Asked of files: who wrote what while whom."""
