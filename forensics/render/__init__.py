"""Analysis in, text out: one file for each output format."""
