"""From an ``Analysis`` to text, one file for each form. A form draws only what it shows."""
