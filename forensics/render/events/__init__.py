"""What happened, for reading on: timelines, traces, tables and questions over them."""
