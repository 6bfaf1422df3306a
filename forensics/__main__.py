"""``python -m forensics``."""

from __future__ import annotations

from forensics.cli.app import app

app()
