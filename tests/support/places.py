"""Where things stand: the one module of the tests that counts folders."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FIXTURES = CHECKOUT / "fixtures"
RULE_FIXTURES = FIXTURES / "rules"
INCIDENT = FIXTURES / "incident-2025-10-21" / "input"  # the evidence of the demonstration
# recordings of the genuine programs; they are not in the repository
CORPUS = Path(os.environ.get("FORENSICS_CORPUS") or CHECKOUT.parent / "shared" / "corpus")


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return what a pattern finds, in order. One that finds nothing would let a test pass that saw nothing."""
    paths = sorted(folder.glob(pattern))
    assert paths, f"nothing in {folder} is {pattern}"
    return paths
