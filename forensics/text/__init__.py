"""Pure functions from values to words; nothing here knows of logs."""
