"""The genuine client: installing a version, and the home, environment and arguments that it is run with."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.recorder.errors import RecorderError
from tools.recorder.scenarios.model import Run, Scenario, Start
from tools.recorder.versions import is_number

PACKAGE = "@anthropic-ai/claude-code"
KEY = "dummy-key-of-a-scripted-api"
KEY_TAIL = 20  # characters by which the client remembers an approved key
INSTALL_S, LOOK_UP_S = 600, 120
ALLOWED = "Bash,Write,Edit,Read,TodoWrite,Task,Agent,TaskCreate,TaskUpdate,TaskList,TaskGet,mcp__voicemode"
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_BUG_COMMAND": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",
    "USE_BUILTIN_RIPGREP": "1",
}


@dataclass(frozen=True, slots=True)
class Client:
    """An installed version."""

    version: str
    command: tuple[str, ...]

    def arguments(self, run: Run, session_id: str, servers: Path | None) -> list[str]:
        """Return the command line of one run.

        A session is continued by its id: some versions (2.1.100) leave headless sessions out of ``--continue``.
        """
        which = {
            Start.NEW: ["--session-id", session_id],
            Start.CONTINUE: ["--resume", session_id],
            Start.FORK: ["--resume", session_id, "--fork-session"],
        }[run.start]
        config = [] if servers is None else ["--mcp-config", str(servers)]
        options = ["--debug", *run.output.value, *run.options, *config, *which]
        return [*self.command, "-p", run.prompt, *options, "--allowedTools", ALLOWED]


def resolve(version: str) -> str:
    """Return the number of a version that may be given as a tag, by asking the registry."""
    if is_number(version):
        return version
    done = _npm("view", f"{PACKAGE}@{version}", "version", timeout_s=LOOK_UP_S)
    number = done.stdout.strip()
    if not is_number(number):
        msg = f"the registry knows no version {version} of {PACKAGE}"
        raise RecorderError(msg)
    return number


def install(version: str, cache: Path) -> Client:
    """Install a version into a folder of its own below the cache, unless it is there."""
    folder, unfinished = cache / version, cache / f"{version}.unfinished"
    if not folder.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        flags = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(unfinished))
        _npm("install", *flags, f"{PACKAGE}@{version}", timeout_s=INSTALL_S)
        unfinished.rename(folder)
    return Client(version, _command(folder / "node_modules" / PACKAGE))


def _command(package: Path) -> tuple[str, ...]:
    """Return how a version is started: older ones are a script for node, newer ones a program for each platform."""
    programs = sorted(package.parent.glob(f"{package.name}-*/claude"), key=lambda p: "musl" in p.parent.name)
    if programs:
        return (str(programs[0].resolve()),)
    script, node = package / "cli.js", shutil.which("node")
    if not script.is_file():
        msg = (
            f"{package}: neither a program nor a script of the client is in it; how it is started has changed"
        )
        raise RecorderError(msg)
    if node is None:
        msg = "node is not to be found; this version of the client needs it"
        raise RecorderError(msg)
    return (node, str(script.resolve()))


def _npm(*arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    npm = shutil.which("npm")
    if npm is None:
        msg = "npm is not to be found; it fetches the client"
        raise RecorderError(msg)
    try:
        done = subprocess.run(
            [npm, *arguments], capture_output=True, text=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired:
        msg = f"npm {arguments[0]} took more than {timeout_s:.0f} s"
        raise RecorderError(msg) from None
    if done.returncode:
        msg = f"npm {' '.join(arguments)} failed: {done.stderr.strip()[-500:]}"
        raise RecorderError(msg)
    return done


def environment(home: Path, url: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of the client: nothing of the developer's own gets in."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": url,
        **QUIET,
        **extra,
    }


def seed_home(home: Path, project: Path, version: str, scenario: Scenario) -> None:
    """Make a home in which the client has been at work before, so that it asks nothing."""
    settings: dict[str, Any] = {
        "permissions": {"allow": ["Bash", "Write", "Edit", "Read"], "defaultMode": "acceptEdits"},
        "cleanupPeriodDays": 365,
    }
    if scenario.hooks:
        settings["hooks"] = scenario.hooks
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    state = {
        "hasCompletedOnboarding": True,
        "lastOnboardingVersion": version,
        "theme": "dark",
        "numStartups": 5,
        "autoUpdates": False,
        "customApiKeyResponses": {"approved": [KEY[-KEY_TAIL:]], "rejected": []},
        "projects": {str(project): {**trusted, "allowedTools": [], "history": [], "mcpServers": {}}},
    }
    (home / ".claude").mkdir(parents=True)
    (home / ".claude" / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    (home / ".claude.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
