"""How often the rules are right: measured on recordings whose truth is known, and on sessions that people published."""
