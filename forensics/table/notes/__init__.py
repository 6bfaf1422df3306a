"""What is noted of lines beside their records."""
