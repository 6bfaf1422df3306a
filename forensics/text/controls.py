"""Characters that move a terminal, or turn the direction of a text: no output has them."""

from __future__ import annotations

# a shape for Python's and for polars' expressions. Tab and line end are not among them: a value is no line yet
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
