"""Write docs/accuracy.md: ``python -m tools.accuracy CORPUS [--others RECORDINGS]``.

CORPUS holds ``<program>/<version>/<scenario>/{input,TRUTH.json}`` and, under ``public``, published sessions.
What ``--others`` names are recordings of versions that the rules were not built with; without it the page keeps what
it says of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.accuracy.measure import measure, measure_others
from tools.accuracy.page import OTHERS, others, page

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"


def main() -> int:
    """Measure and write. Exit code 2 where there are no recordings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--others", type=Path, help="recordings of other versions, as make drift keeps them")
    given = parser.parse_args()
    measured = measure(given.corpus)
    if not measured.recordings:
        print(
            f"error: no recordings under {given.corpus}; FORENSICS_CORPUS names their folder", file=sys.stderr
        )
        return 2
    _, _, before = DOCUMENT.read_text(encoding="utf-8").partition(OTHERS)
    section = others(measure_others(given.others)) if given.others else OTHERS + before
    DOCUMENT.write_text(f"{page(measured)}\n{section}", encoding="utf-8")
    print(f"{DOCUMENT.name}: {measured.recordings} recordings, {measured.sessions} public sessions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
