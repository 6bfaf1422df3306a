"""Bytes to the lines and values of the log inside, with their places and the times that the container gives."""
