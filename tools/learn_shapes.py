"""Learn the shapes of records from recordings: ``python -m tools.learn_shapes PROGRAM VERSION FOLDER…``.

Adds to ``forensics/formats/known/*.tsv`` what the logs of one version hold. Read the diff: it is what that version
brought, and a shape that holds somebody's words has no place in it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from forensics.evidence.discover import discover
from forensics.formats.shapes import MORE, SERVER_SHAPE, nothing_known
from forensics.schema import Source
from forensics.table.ingest import ingest

FOLDER = Path(__file__).parent.parent / "forensics" / "formats" / "known"
# what is too short to tell anything: a message that begins with something variable
EMPTY = frozenset({MORE, SERVER_SHAPE + MORE, SERVER_SHAPE.rstrip()})
HEADER = "# what a record begins with\tthe versions that it was recorded from\n"


def main(program: str, version: str, folders: Iterable[str]) -> None:
    """Learn from what a version of ``claude-code`` or ``voicemode`` wrote under the folders.

    Which table a source is learned into stands in its row, in ``forensics/schema/sources.py``.
    """
    tables = {s: s.about.shapes for s in Source if s.about.author == program and s.about.shapes}
    found: dict[str, set[str]] = defaultdict(set)
    with nothing_known():
        inputs = ingest(discover([Path(folder) for folder in folders])).inputs
    for file in inputs:
        if file.source in tables:
            found[tables[file.source]].update(s.text for s in file.unknown)
    for table, shapes in sorted(found.items()):
        _add(FOLDER / f"{table}.tsv", shapes - EMPTY, version)


def _add(path: Path, shapes: set[str], version: str) -> None:
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    rows = dict(line.split("\t") for line in lines if line and not line.startswith("#"))
    for shape in shapes:
        versions = [v for v in rows.get(shape, "").split(", ") if v]
        rows[shape] = ", ".join(sorted({*versions, version}, key=_by_age))
    text = HEADER + "".join(f"{shape}\t{versions}\n" for shape, versions in sorted(rows.items()))
    path.write_text(text, encoding="utf-8")


def _by_age(version: str) -> tuple[bool, list[int], str]:
    """Sort versions by their numbers, and what is none (a range, a description) behind them."""
    parts = version.split(".")
    is_number = all(part.isdigit() for part in parts)
    return not is_number, [int(part) for part in parts] if is_number else [], version


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
