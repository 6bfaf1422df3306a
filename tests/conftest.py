"""What several test files need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from forensics.evidence.file import BATCH_BYTES, Evidence, open_evidence
from forensics.formats import Parsed, parser_for
from tests.support.places import CORPUS, INCIDENT

Write = Callable[..., Evidence]
Read = Callable[..., Parsed]


@pytest.fixture(scope="session")
def incident() -> Path:
    """The evidence of the demonstration."""
    return INCIDENT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Recordings of the genuine programs; they are not in the repository."""
    if not CORPUS.is_dir():
        pytest.skip(f"no recordings at {CORPUS}; set FORENSICS_CORPUS")
    return CORPUS


@pytest.fixture(scope="session")
def write(tmp_path_factory) -> Write:
    """Make evidence of a name and its content."""
    folder, numbers = tmp_path_factory.mktemp("evidence"), count()

    def make(name: str, data: bytes | str, batch_bytes: int = BATCH_BYTES) -> Evidence:
        path = folder / f"{next(numbers)}"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return replace(open_evidence(path, name), place=name, batch_bytes=batch_bytes)

    return make


@pytest.fixture(scope="session")
def read(write) -> Read:
    """Parse a file of a name and its content, with the parser that recognises it."""

    def parse(name: str, data: bytes | str, batch_bytes: int = BATCH_BYTES) -> Parsed:
        evidence = write(name, data, batch_bytes)
        parser = parser_for(evidence.place, evidence.head)
        assert parser is not None, f"{name} was not recognised"
        return parser.parse(evidence)

    return parse
