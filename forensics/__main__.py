"""``python -m forensics``."""

from __future__ import annotations

import os
import sys

# -m puts the current folder first: a folder of logs must not decide which modules are run
if sys.path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 - pathlib is not loaded yet, and may lie there
    del sys.path[0]

from forensics.cli.app import app

app()
