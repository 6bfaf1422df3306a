"""Which program this is: its version says so, and the hash of its own files whether they are that version's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CODE = frozenset({".py", ".toml"})
TEMPLATES = "templates"


@cache
def code_hash(package: Path = PACKAGE) -> str | None:
    """Return one hash over a package's code, words and templates; null where they lie in no folder.

    Line ends are taken for those of any system: a checkout on Windows is the same program.
    """
    digest = hashlib.sha256()
    try:
        files = sorted(_files(package))
        for name, path in files:
            data = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{name} {len(data)}\n".encode())
            digest.update(data)
    except OSError:
        return None
    return digest.hexdigest() if files else None


def _files(package: Path) -> Iterator[tuple[str, Path]]:
    """Yield the program's files by the names that they have in a wheel."""
    for path in package.rglob("*"):
        name = path.relative_to(package).as_posix()
        if path.suffix in CODE and not name.startswith(("demo/", f"{TEMPLATES}/")):
            yield name, path
    folder = package / TEMPLATES
    if not folder.is_dir():  # an editable install: they lie at the top of the checkout
        folder = package.parent / TEMPLATES
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            yield f"{TEMPLATES}/{path.relative_to(folder).as_posix()}", path
