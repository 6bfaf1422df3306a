"""Judge a release of the client: record the scenarios with it, and print how well its logs are read."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from tools.recorder.client import install, resolve
from tools.recorder.errors import RecorderError
from tools.recorder.isolation import isolated
from tools.recorder.judge import CHECKOUT, doctor, judge, table
from tools.recorder.scenarios import SCENARIOS

ALL_RIGHT, MISSED, FAILED = 0, 1, 2


def main() -> int:
    """Install, record, judge. Exit code 0: all as expected, 1: something was missed, 2: it could not be done."""
    given = _arguments()
    home = Path(os.environ.get("FORENSICS_DRIFT_HOME") or CHECKOUT / ".drift").absolute()
    try:
        version = resolve(given.version)
        out = (given.out or home / "recordings").absolute() / version
        names = given.scenario or list(SCENARIOS)
        recorded = _record(version, home / "clients", out, names, keep=given.keep)
    except RecorderError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    return max(recorded, _judge(version, [out / name for name in names]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.recorder", description=__doc__)
    parser.add_argument("version", help="a version of the client, or a tag of the registry such as latest")
    parser.add_argument("scenario", nargs="*", help="scenarios to record and judge; all without any")
    parser.add_argument("--out", type=Path, help="where recordings go: <out>/<version>/<scenario>")
    parser.add_argument("--keep", action="store_true", help="record only what is not there; judge everything")
    given = parser.parse_args()
    unknown = sorted(set(given.scenario) - set(SCENARIOS))
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return given


def _record(version: str, clients: Path, out: Path, names: list[str], *, keep: bool) -> int:
    wanted = [name for name in names if not (keep and (out / name / "TRUTH.json").is_file())]
    if not wanted:
        return ALL_RIGHT
    command = isolated([sys.executable, "-m", "tools.recorder.record"])
    install(version, clients)
    print(f"Recording {len(wanted)} scenarios with {version} into {out}", flush=True)
    done = subprocess.run([*command, version, str(clients), str(out), *wanted], cwd=CHECKOUT, check=False)
    return FAILED if done.returncode else ALL_RIGHT


def _judge(version: str, folders: list[Path]) -> int:
    there = [folder for folder in folders if (folder / "TRUTH.json").is_file()]
    judgements, errors = judge(there)
    wrong = [j.sentence() for j in judgements if not j.right]
    right = len(judgements) - len(wrong)
    print(f"\nScore of {version}: {right} of {len(judgements)} right in {len(there)} recordings\n")
    print(table(judgements))
    _list("Where the program is wrong", wrong + errors)
    _list("What it leaves open", [j.sentence() for j in judgements if j.right and j.open])
    _list("Deviations of the recordings from their scenarios", _deviations(there))
    print("\nWhat forensics doctor says", flush=True)
    print(doctor(there), end="")
    return MISSED if wrong or errors else ALL_RIGHT


def _deviations(folders: list[Path]) -> list[str]:
    truths = [json.loads((folder / "TRUTH.json").read_text(encoding="utf-8")) for folder in folders]
    return [f"{truth['scenario']}: {deviation}" for truth in truths for deviation in truth["deviations"]]


def _list(title: str, lines: list[str]) -> None:
    print(f"\n{title}:" + ("".join(f"\n  - {line}" for line in lines) or " nothing"))


if __name__ == "__main__":
    sys.exit(main())
