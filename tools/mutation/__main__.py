"""``make mutation``: a sample of mutants of each group, the score, and who survives."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter
from pathlib import Path

from tools.mutation.groups import CHECKOUT, GROUPS, Group
from tools.mutation.mutants import Mutant, mutants_of
from tools.mutation.runner import PLAINLY, SURVIVED, Warm

SEED = 20261201
Z = 1.96  # of 95 %


def sample(group: Group, most: int, seed: int) -> tuple[list[Mutant], int]:
    """Return so many mutants of a group, the same for the same seed, and how many there are."""
    every = [m for source in group.sources() for m in mutants_of(source)]
    chosen = random.Random(f"{seed} {group.name}").sample(every, min(most, len(every)))  # noqa: S311 - not for secrets
    return sorted(chosen, key=lambda m: (m.source, m.number)), len(every)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the interval of 95 % around a share."""
    share, spread = hits / of, Z * Z / of
    middle, half = share + spread / 2, Z * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def measured(group: Group, mutants: list[Mutant], jobs: int) -> dict[Mutant, str]:
    """Run the mutants of a group."""
    import pytest  # noqa: PLC0415 - slow to import

    warm = Warm(group, mutants, jobs)
    keyword = ("-k", group.keyword) if group.keyword else ()
    pytest.main([*PLAINLY, *keyword, *group.tests], plugins=[warm])
    return warm.verdicts


def main() -> int:
    """Measure, print, and keep what was found."""
    asked = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    asked.add_argument("groups", nargs="*", default=[g.name for g in GROUPS], help="default: all")
    asked.add_argument("--most", type=int, default=100, help="mutants of each group")
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--out", type=Path, default=CHECKOUT / ".mutation")
    said = asked.parse_args()
    for group in (g for g in GROUPS if g.name in said.groups):
        mutants, every = sample(group, said.most, said.seed)
        verdicts = measured(group, mutants, said.jobs)
        _tell(group, verdicts, every, said.out)
    return 0


def _tell(group: Group, verdicts: dict[Mutant, str], every: int, out: Path) -> None:
    counts, of = Counter(verdicts.values()), len(verdicts)
    least, most = wilson(of - counts[SURVIVED], of)
    print(
        f"{group.name}: {of} of {every} mutants, {dict(counts)}: "
        f"{100 * (of - counts[SURVIVED]) / of:.0f} % ({100 * least:.0f} to {100 * most:.0f})"
    )
    lines = [
        {
            "source": str(m.source.relative_to(CHECKOUT)),
            "line": m.line,
            "was": m.was,
            "becomes": m.becomes,
            "verdict": v,
        }
        for m, v in verdicts.items()
    ]
    for line in lines:
        if line["verdict"] == SURVIVED:
            print(f"  {line['source']}:{line['line']}  {line['was']}  →  {line['becomes']}")
    out.mkdir(exist_ok=True)
    (out / f"{group.name}.json").write_text(json.dumps(lines, indent=1), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
