"""Records scenarios with one client. Started in a network of its own, which it checks before anything else."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tools.recorder.client import Client, environment, install, seed_home
from tools.recorder.deviations import deviations_of
from tools.recorder.errors import RecorderError
from tools.recorder.fixture import PLACES
from tools.recorder.isolation import enter
from tools.recorder.request_log import RequestLog
from tools.recorder.run import Surroundings, run_client
from tools.recorder.scenarios import SCENARIOS
from tools.recorder.scenarios.model import Output, Place, Scenario, Start
from tools.recorder.server import serving
from tools.recorder.truth import Ending, labels_of

PROJECT = "demo-shop"  # the working folder, beside the home
# What the client leaves in a home. Not what it was seeded with, and not the link to its newest log.
KEPT = (".claude", ".cache/claude-cli-nodejs", ".local/state/claude-cli-nodejs")
NOT_KEPT = shutil.ignore_patterns("settings.json", "backups", "latest")


def record(client: Client, name: str, folder: Path, output: Output | None = None) -> str:
    """Record one scenario into a folder, whole or not at all; return one line about it.

    ``output`` is what all runs print, whatever the scenario says.
    """
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "input" / "console").mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="drift-", ignore_cleanup_errors=True) as scratch:
        home, project = Path(scratch) / "home", Path(scratch) / PROJECT
        project.mkdir()
        scenario = printing(output, SCENARIOS[name](Place(project, client.version)))
        seed_home(home, project, client.version, scenario)
        log, session_id = RequestLog(), str(uuid.uuid4())
        endings = _run_all(client, scenario, session_id, home, unfinished / "input" / "console", log)
        _keep(home, unfinished / "input")
        _note_paths(client, Path(scratch), unfinished / PLACES)
    log.save(unfinished / "requests.jsonl")
    truth = _truth(client, name, session_id, scenario, log, endings)
    (unfinished / "TRUTH.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    seconds = sum(ending.ended - ending.started for ending in endings)
    return f"{name:20} {seconds:5.1f} s  {', '.join(f'{e.how} ({e.exit_code})' for e in endings)}"


def _run_all(
    client: Client, scenario: Scenario, session_id: str, home: Path, console: Path, log: RequestLog
) -> list[Ending]:
    """Start the client for one prompt after the other; the API knows all of them from the beginning."""
    servers = home / "servers.json" if scenario.servers else None
    if servers is not None:
        servers.write_text(json.dumps({"mcpServers": scenario.servers}, indent=1), encoding="utf-8")
    with serving(scenario, log) as url:
        env = environment(home, url, scenario.env)
        project = home.with_name(PROJECT)
        return [
            run_client(
                client.arguments(run, session_id, servers),
                Surroundings(env, project, console / f"run{number}", scenario.file_limit),
                run.kill,
                log,
                scenario.timeout_s,
            )
            for number, run in enumerate(scenario.runs)
        ]


def printing(output: Output | None, scenario: Scenario) -> Scenario:
    """Return a scenario all of whose runs print one form, where one is named."""
    if output is None:
        return scenario
    return replace(scenario, runs=tuple(replace(run, output=output) for run in scenario.runs))


def _note_paths(client: Client, scratch: Path, file: Path) -> None:
    """Write down which paths of this machine the logs may name, and what stands for them in a fixture."""
    clients = Path(client.command[-1]).parents[3]
    paths = {
        str(scratch): "/home/dev",
        str(Path(__file__).parents[2]): "/opt/demo",
        str(clients): "/opt/clients",
        sys.executable: "/usr/bin/python3",
    }
    file.write_text(json.dumps(paths, indent=1), encoding="utf-8")


def _keep(home: Path, folder: Path) -> None:
    for name in KEPT:
        if (home / name).is_dir():
            shutil.copytree(home / name, folder / name, symlinks=True, ignore=NOT_KEPT)


def _truth(
    client: Client,
    name: str,
    session_id: str,
    scenario: Scenario,
    log: RequestLog,
    endings: Sequence[Ending],
) -> dict[str, Any]:
    entries = log.snapshot()
    labels = labels_of(entries, endings, {script.prompt: who for who, script in scenario.scripts.items()})
    return {
        "version": client.version,
        "scenario": name,
        "session_id": session_id,
        "scripted": asdict(scenario.intent),
        "runs": [
            # the client chooses the id of a fork
            {"session_id": None if run.start is Start.FORK else session_id, **ending.row()}
            for run, ending in zip(scenario.runs, endings, strict=True)
        ],
        "labels": labels,
        "deviations": deviations_of(scenario, labels, entries, endings),
    }


def main() -> int:
    """Record the scenarios that are named. Exit code 1 if one of them could not be recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("clients", type=Path, help="folder of installed clients")
    parser.add_argument("out", type=Path, help="folder of this version's recordings")
    parser.add_argument("scenario", nargs="+", choices=SCENARIOS)
    parser.add_argument("--output", choices=[output.folder for output in Output], help="what all runs print")
    given = parser.parse_args()
    output = next((form for form in Output if form.folder == given.output), None)
    failed = 0
    try:
        enter()
        client = install(given.version, given.clients)
    except RecorderError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name in given.scenario:
        try:
            print(record(client, name, given.out / name, output), flush=True)
        except (OSError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"{name:20} could not be recorded: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
