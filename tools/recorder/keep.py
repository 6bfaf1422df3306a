"""Keep recordings of ``make drift`` as fixtures: ``python -m tools.recorder.keep VERSION SCENARIO…``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from tools.recorder.fixture import copied, paths_of, renamed
from tools.recorder.scenarios import SCENARIOS

CHECKOUT = Path(__file__).parents[2]
FIXTURES = CHECKOUT / "fixtures" / "recordings"


def main() -> int:
    """Make a fixture of each recording. Exit code 2: one of them is not there."""
    parser = argparse.ArgumentParser(prog="python -m tools.recorder.keep", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("scenario", nargs="+", choices=SCENARIOS)
    given = parser.parse_args()
    home = Path(os.environ.get("FORENSICS_DRIFT_HOME") or CHECKOUT / ".drift").absolute()
    for name in given.scenario:
        recording = home / "recordings" / given.version / name
        if not (recording / "TRUTH.json").is_file():
            print(f"error: {recording} holds no recording", file=sys.stderr)
            return 2
        keep(recording, FIXTURES / given.version / name)
    return 0


def keep(recording: Path, folder: Path) -> None:
    """Copy a recording and its truth, made small."""
    shutil.rmtree(folder, ignore_errors=True)
    paths = paths_of(recording)
    copied(recording / "input", folder / "input", paths)
    truth = json.loads(renamed((recording / "TRUTH.json").read_text(encoding="utf-8"), paths))
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (folder / "TRUTH.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
