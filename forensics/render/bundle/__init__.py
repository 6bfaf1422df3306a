"""A report with all that it takes to check it later, in one file that is the same for the same input and version."""
