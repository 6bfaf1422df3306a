"""What shells, runners, kernels, service managers and hosts say of a process's end: whose, how, and with which code."""

from __future__ import annotations

import pytest

from forensics.formats.claude.witnesses.sentences import death_in

CLIENTS = {
    '/job/1.sh: line 3:  2041 Killed                  claude -p "$PROMPT"': ("killed", "shell", 137),
    "[1]+  Killed                  claude -p hello": ("killed", "shell", 137),
    "[1]  + 1234 killed     claude --resume": ("killed", "shell", 137),
    "zsh: killed     claude --continue": ("killed", "shell", 137),
    "zsh: segmentation fault  claude": ("crashed", "shell", 139),
    "./run.sh: line 4:    77 Aborted                 (core dumped) claude -c": ("crashed", "shell", 134),
    "fish: Job 1, 'claude' terminated by signal SIGKILL (Forced quit)": ("killed", "shell", 137),
    "[99.1] Memory cgroup out of memory: Killed process 42 (claude) total-vm:1kB": ("killed", "kernel", None),
    "Jan  2 03:04:05 box kernel: oom-kill:constraint=CONSTRAINT_NONE,task=claude,pid=42,uid=0": ("killed", "kernel", None),
    "low swap: killing largest compressed process with pid 42 (claude) and size 9 MB": ("killed", "kernel", None),
    "claude[42]: segfault at 18 ip 00007f sp 00007f error 4 in claude": ("crashed", "kernel", None),
    "systemd[1]: claude-agent.service: Main process exited, code=killed, status=9/KILL": ("killed", "systemd", 137),
    "systemd[1]: claude-agent.service: Failed with result 'oom-kill'.": ("killed", "systemd", 137),
    "Claude Code process exited with code 137": ("killed", "host", 137),
    "Claude Code process exited with code 1": ("failed", "host", 1),
    "Claude Code process terminated by signal SIGTERM": ("killed", "host", 143),
    "Error: Claude Code process exited with code 3221225477": ("crashed", "host", 3221225477),
    "subprocess.CalledProcessError: Command '['claude', '-p']' died with <Signals.SIGKILL: 9>.": ("killed", "runner", 137),
    'The command "claude -p" exited with 130.': ("interrupted", "runner", 130),
}  # fmt: skip
NOBODYS = {
    "Killed": "killed",
    "Killed: 9": "killed",
    "Terminated": "killed",
    "Segmentation fault (core dumped)": "crashed",
    "##[error]Process completed with exit code 137.": "killed",
    "2026-11-30T18:03:00.1334567Z ##[error]Process completed with exit code 139.": "crashed",
    "run\tUNKNOWN STEP\t2026-11-30T18:03:00.1334567Z ##[error]The operation was canceled.": "killed",
    "ERROR: Job failed: exit code 137": "killed",
    "ERROR: Job failed: execution took longer than 1h0m0s seconds": "killed",
    "script returned exit code 143": "killed",
    "Command terminated by signal 9": "killed",
    "exit code: 137": "killed",
    "EXIT_CODE=134": "crashed",
    "agent-1 exited with code 137": "killed",
}
OTHERS = [
    "zsh: segmentation fault  npm test",
    "/job/1.sh: line 3:  2041 Killed                  npm test",
    "Out of memory: Killed process 42 (chrome) total-vm:1kB",
]
NONE = [
    "Killed all processes",
    "Process completed with exit code 0.",
    "Process completed with exit code 1.",
    "server listening on port 8080, status code 200",
    "HTTP status code 404",
    "The test was killed because it was flaky",
    "  ⎿  Killed",
]


@pytest.mark.parametrize("line", CLIENTS)
def test_the_client_is_named(line):
    said = death_in(7, line)
    assert (said.how, said.witness, said.code) == CLIENTS[line]
    assert (said.line, said.is_client) == (7, True)


@pytest.mark.parametrize("line", NOBODYS)
def test_nobody_is_named(line):
    said = death_in(1, line)
    assert (said.how, said.is_client) == (NOBODYS[line], None)


@pytest.mark.parametrize("line", OTHERS)
def test_another_program_is_named(line):
    assert death_in(1, line).is_client is False


@pytest.mark.parametrize("line", NONE)
def test_no_death_is_told(line):
    assert death_in(1, line) is None
