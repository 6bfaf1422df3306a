"""``make fuzz``: each target for some time, and each finding as a file in ``fixtures/fuzz/TARGET/``."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.fuzz.seeds import FIXTURES

HOME = FIXTURES.parent / ".fuzz"  # what the fuzzer has learnt, so that the next run goes on from there
FOUND = FIXTURES / "fuzz"
SECONDS, LONGEST, MOST_FINDINGS = 600, 64 * 1024, 10
KILLED_AFTER, MEGABYTES = 60, 3000  # seconds for one input; memory


def main() -> int:
    """Run the targets one after the other; 1 if anything was found."""
    asked = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    asked.add_argument("targets", nargs="*", help="default: all")
    asked.add_argument(
        "--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", SECONDS)), help="of each"
    )
    asked.add_argument("--list", action="store_true", help="print the targets")
    said = asked.parse_args()
    from tools.fuzz.targets import TARGETS  # noqa: PLC0415 - the process that fuzzes imports them watched

    names = [t.name for t in TARGETS]
    if said.list:
        print("\n".join(names))
        return 0
    if unknown := set(said.targets) - set(names):
        asked.error(f"no such target: {', '.join(sorted(unknown))}")
    found = [
        path for name in names if name in (said.targets or names) for path in _fuzzed(name, said.seconds)
    ]
    return 1 if found else 0


def _fuzzed(name: str, seconds: int) -> list[Path]:
    """Fuzz one target; after each finding it goes on, with what is left of the time."""
    corpus, artifacts = HOME / name / "corpus", HOME / name / "found"
    for folder in (corpus, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    began, runs = time.monotonic(), 0
    findings: list[Path] = []
    while (left := seconds - (time.monotonic() - began)) > 1 and len(findings) < MOST_FINDINGS:
        done = _run(name, corpus, artifacts, int(left))
        runs += _number(done.stderr, "stat::number_of_executed_units:")
        before = len(findings)
        findings += [_kept(name, path, done.stderr) for path in sorted(artifacts.iterdir())]
        if done.returncode and before == len(findings):
            print(done.stderr[-2000:], file=sys.stderr)
            break
    print(f"{name}: {runs} inputs in {time.monotonic() - began:.0f} s, {len(findings)} findings", flush=True)
    return findings


def _run(name: str, corpus: Path, artifacts: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": KILLED_AFTER,
        "rss_limit_mb": MEGABYTES,
        "print_final_stats": 1,
        "verbosity": 0,
    }
    command = [
        sys.executable,
        "-m",
        "tools.fuzz.watched",
        name,
        str(corpus),
        f"-artifact_prefix={artifacts}/",
    ]
    command += [f"-{option}={value}" for option, value in options.items()]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, errors="replace", cwd=FIXTURES.parent
    )


def _kept(name: str, path: Path, said: str) -> Path:
    """Put a finding where a test replays it, and print what went wrong."""
    kept = FOUND / name / hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, kept)
    told = [line for line in said.splitlines() if "Error" in line or "ERROR" in line or "Exception" in line]
    print(f"{name}: {kept}: {' | '.join(told[:3])[:300]}", flush=True)
    return kept


def _number(said: str, label: str) -> int:
    return sum(int(line.split()[-1]) for line in said.splitlines() if line.startswith(label))


if __name__ == "__main__":
    sys.exit(main())
