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
from tools.mutation.runner import ENDLESS, PLAINLY, SURVIVED, WIDE_SECONDS, Warm, cold

SEED = 20261201
Z = 1.96  # of 95 %


def sample(group: Group, most: int, seed: int) -> tuple[list[Mutant], int]:
    """Return so many mutants of a group, the same for the same seed, and how many there are.

    They stay in the order of chance: what was measured when the time was over is a sample, too.
    """
    every = [m for source in group.sources() for m in mutants_of(source)]
    return random.Random(f"{seed} {group.name}").sample(every, min(most, len(every))), len(every)  # noqa: S311


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the interval of 95 % around a share."""
    share, spread = hits / of, Z * Z / of
    middle, half = share + spread / 2, Z * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def measured(group: Group, mutants: list[Mutant], jobs: int, seconds: int) -> dict[Mutant, str]:
    """Run the mutants of a group, as many as there is time for."""
    import pytest  # noqa: PLC0415 - slow to import

    warm = Warm(group, mutants, jobs, seconds)
    keyword = ("-k", group.keyword) if group.keyword else ()
    pytest.main([*PLAINLY, *keyword, *group.tests], plugins=[warm])
    return warm.verdicts


def main() -> int:
    """Measure, print, and keep what was found."""
    asked = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    asked.add_argument("groups", nargs="*", default=[g.name for g in GROUPS], help="default: all")
    asked.add_argument("--most", type=int, default=100, help="mutants of each group")
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--seconds", type=int, default=24 * 3600, help="of each group: then no other is begun")
    asked.add_argument("--jobs", type=int, default=1)
    asked.add_argument("--out", type=Path, default=CHECKOUT / ".mutation")
    asked.add_argument("--again", action="store_true", help="only those that survived the last time")
    said = asked.parse_args()
    for group in (g for g in GROUPS if g.name in said.groups):
        if said.again:
            _again(group, said.out)
            continue
        mutants, every = sample(group, said.most, said.seed)
        verdicts = measured(group, mutants, said.jobs, said.seconds)
        _tell(group, verdicts, every, said.out)
    return 0


def _again(group: Group, out: Path) -> None:
    """Run those that survived once more, after tests were written."""
    last = {
        (x["source"], x["line"], x["was"], x["becomes"], x["column"]): x["verdict"] for x in _kept(group, out)
    }
    every = [m for source in group.sources() for m in mutants_of(source)]
    verdicts = {m: str(last[key]) for m in every if (key := _key(m)) in last}
    for mutant in (m for m, verdict in verdicts.items() if verdict in {SURVIVED, ENDLESS}):
        verdicts[mutant] = cold(group, mutant, WIDE_SECONDS, set())
        if verdicts[mutant] == SURVIVED and group.wider:
            verdicts[mutant] = cold(group, mutant, WIDE_SECONDS, set(), "wider")
    _tell(group, verdicts, len(every), out)


def _kept(group: Group, out: Path) -> list[dict[str, object]]:
    kept: list[dict[str, object]] = json.loads((out / f"{group.name}.json").read_text("utf-8"))
    return kept


def _key(mutant: Mutant) -> tuple[object, ...]:
    return str(mutant.source.relative_to(CHECKOUT)), mutant.line, mutant.was, mutant.becomes, mutant.column


def _tell(group: Group, verdicts: dict[Mutant, str], every: int, out: Path) -> None:
    counts, of = Counter(verdicts.values()), len(verdicts)
    least, most = wilson(of - counts[SURVIVED], of)
    print(
        f"{group.name}: {of} of {every} mutants, {dict(counts)}: "
        f"{100 * (of - counts[SURVIVED]) / of:.0f} % ({100 * least:.0f} to {100 * most:.0f})",
        flush=True,
    )
    lines = [
        {
            "source": str(m.source.relative_to(CHECKOUT)),
            "line": m.line,
            "column": m.column,
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
