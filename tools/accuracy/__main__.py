"""Write docs/accuracy.md: ``python -m tools.accuracy CORPUS``, or with ``--check`` say whether it is up to date.

CORPUS holds ``<program>/<version>/<scenario>/{input,TRUTH.json}`` and, under ``public``, published sessions.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.accuracy.measure import measure
from tools.accuracy.page import page

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"


def main() -> int:
    """Measure and write. Exit code 1 where ``--check`` finds another page, 2 where there are no recordings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    measured = measure(given.corpus)
    if not measured.recordings:
        print(
            f"error: no recordings under {given.corpus}; FORENSICS_CORPUS names their folder", file=sys.stderr
        )
        return 2
    text = page(measured)
    if given.check:
        return int(text != DOCUMENT.read_text(encoding="utf-8"))
    DOCUMENT.write_text(text, encoding="utf-8")
    print(f"{DOCUMENT.name}: {measured.recordings} recordings, {measured.sessions} public sessions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
