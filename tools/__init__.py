"""What developers run beside the program: it is not part of the package."""
