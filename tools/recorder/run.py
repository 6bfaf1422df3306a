"""One run of the client: started, watched, killed when the script says so, and never left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.recorder.request_log import Answered, Entry, RequestLog, now
from tools.recorder.scenarios.model import MAIN, Kill
from tools.recorder.truth import NO_AGENTS, Ending, actor

LOOK_EVERY_S = 0.1
PATIENCE_S = 20.0  # after a signal, before the client is killed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the client is run, and where what it prints goes: to ``<console>.stdout.txt`` and ``….stderr.txt``."""

    env: Mapping[str, str]
    project: Path
    console: Path
    file_limit: int | None = None


def run_client(
    command: Sequence[str], where: Surroundings, kill: Kill | None, log: RequestLog, timeout_s: float
) -> Ending:
    """Run the client to its end, and say how it ended."""
    started = now()
    out, err = (where.console.with_name(f"{where.console.name}.{s}.txt") for s in ("stdout", "stderr"))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            env=where.env,
            cwd=where.project,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=partial(_limit_files, where.file_limit),  # noqa: PLW1509 - no threads of the recorder's write
        )
        how, signalled = _watch(process, kill, log, timeout_s)
    ended = now()
    _end_group(process.pid)
    return Ending(how=how, exit_code=process.returncode, started=started, ended=ended, signalled=signalled)


def _limit_files(size: int | None) -> None:
    """Let no file grow beyond a size: the write that reaches it is cut, and the next one ends the client."""
    if size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _watch(
    process: subprocess.Popen[bytes], kill: Kill | None, log: RequestLog, timeout_s: float
) -> tuple[str, float | None]:
    """Wait for the end; send the scripted signal when it is due, and lose patience at last."""
    how, signalled = "exit", None
    deadline = time.monotonic() + timeout_s
    while process.poll() is None:
        time.sleep(LOOK_EVERY_S)
        if kill is not None and signalled is None and is_due(kill, log.snapshot()):
            time.sleep(kill.after_s)
            how, signalled = kill.signal.name, now()
            process.send_signal(kill.signal)
            deadline = min(deadline, time.monotonic() + PATIENCE_S)
        if time.monotonic() > deadline:
            how += "+timeout-kill"
            process.kill()
            process.wait()
    return how, signalled


def is_due(kill: Kill, entries: Sequence[Entry]) -> bool:
    """Say whether enough subagents had enough answers, or the call went out."""
    if kill.call is not None:
        issued = (call for e in entries if isinstance(e, Answered) for call in e.calls)
        return any(kill.call in str(call.arguments) for call in issued)
    answers = Counter(actor(e.agent) for e in entries if isinstance(e, Answered) and e.agent not in NO_AGENTS)
    del answers[MAIN]
    return sum(count >= kill.answers_each for count in answers.values()) >= kill.agents


def _end_group(leader: int) -> None:
    """End what a killed client left running: the commands and servers that it started."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
