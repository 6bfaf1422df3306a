"""``python -m forensics``."""

from __future__ import annotations

import sys

# -m puts the current folder first: a folder of logs must not decide which modules are run
if sys.path and sys.path[0] in {"", __import__("os").getcwd()}:
    del sys.path[0]

from forensics.cli.app import app

app()
