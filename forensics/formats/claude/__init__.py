"""What Claude Code writes: its transcripts, streams, logs and files."""
