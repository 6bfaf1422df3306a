"""The program's version: in a file of its own, since everything may name it."""

from __future__ import annotations

__version__ = "0.1.0"
