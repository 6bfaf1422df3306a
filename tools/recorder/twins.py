"""Record scenarios in each form in which a headless run tells of itself, into ``fixtures/twins``.

The client prints one form at a time: each scenario is run once for each. The transcript is that of the run that printed
a stream.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.recorder.client import install, resolve
from tools.recorder.errors import RecorderError
from tools.recorder.fixture import copied, paths_of, renamed
from tools.recorder.isolation import isolated
from tools.recorder.scenarios.model import Output

CHECKOUT = Path(__file__).parents[2]
FIXTURES = CHECKOUT / "fixtures" / "twins"
TRANSCRIPT = "transcript"
SUFFIX = {Output.STREAM_JSON: "jsonl", Output.JSON_VERBOSE: "json", Output.JSON: "json", Output.TEXT: "txt"}
FORMATS = (TRANSCRIPT, *(output.folder for output in SUFFIX))
PROJECTS = ".claude/projects"
TWINS = (
    "a_clean",
    "b_parallel",
    "b2_background",
    "c_crash",
    "c2_sigterm",
    "d4_subagent_401",
    "f3_servers_lost",
    "g_hooks",
    "g2_hooks_failing",
    "j_max_turns",
    "k_killed_in_call",
    "l_refused",
    "l2_limited",
    "l3_broken",
    "l4_overloaded",
    "l5_reset",
    "l6_silent",
    "l7_too_long",
    "l8_no_credit",
    "l9_usage_limit",
    "l10_too_large",
    "m_budget",
    "m2_denied",
    "m3_nested",
)


def main() -> int:
    """Record and keep. Exit code 2: it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m tools.recorder.twins", description=__doc__)
    parser.add_argument("version", help="a version of the client, or a tag of the registry")
    parser.add_argument("scenario", nargs="*", default=TWINS)
    parser.add_argument("--keep", action="store_true", help="record nothing; make the fixtures anew")
    given = parser.parse_args()
    home = Path(os.environ.get("FORENSICS_DRIFT_HOME") or CHECKOUT / ".drift").absolute()
    names = list(given.scenario)
    try:
        version = resolve(given.version)
        raw = home / "twins" / version
        if not given.keep:
            _record(version, home / "clients", raw, names)
    except (RecorderError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name in names:
        _keep(raw, name, FIXTURES / version / name)
    return 0


def _record(version: str, clients: Path, raw: Path, names: list[str]) -> None:
    command = isolated([sys.executable, "-m", "tools.recorder.record"])
    install(version, clients)
    for output in SUFFIX:
        print(f"{version} {output.folder}", flush=True)
        where = (version, str(clients), str(raw / output.folder), *names, "--output", output.folder)
        subprocess.run([*command, *where], cwd=CHECKOUT, check=True)


def _keep(raw: Path, name: str, folder: Path) -> None:
    """Make the fixture of one scenario of its four recordings."""
    shutil.rmtree(folder, ignore_errors=True)
    truths: dict[str, dict[str, Any]] = {}
    for output, suffix in SUFFIX.items():
        recording = raw / output.folder / name
        paths, console = paths_of(recording), folder / output.folder
        truths[output.folder] = json.loads(
            renamed((recording / "TRUTH.json").read_text(encoding="utf-8"), paths)
        )
        copied(recording / "input" / "console", console, paths)
        for printed in console.glob("*.stdout.txt"):
            printed.rename(printed.with_name(f"{printed.name.partition('.')[0]}.{suffix}"))
        if output is Output.STREAM_JSON:
            copied(recording / "input" / PROJECTS, folder / TRANSCRIPT / PROJECTS, paths)
    first = truths[Output.STREAM_JSON.folder]
    truth = {
        **{key: first[key] for key in ("version", "scenario", "scripted", "labels", "deviations")},
        "runs": {form: told["runs"] for form, told in truths.items()},
        "unlike": list(_unlike(first, truths)),
    }
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (folder / "TRUTH.json").write_text(f"{text}\n", encoding="utf-8")


def _unlike(first: dict[str, Any], truths: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield what happened otherwise in another run of the script."""
    for form, truth in truths.items():
        for label, value in truth["labels"].items():
            if value != first["labels"][label]:
                yield f"{form}: {label} is {value}, and {first['labels'][label]} in {Output.STREAM_JSON.folder}"


if __name__ == "__main__":
    sys.exit(main())
