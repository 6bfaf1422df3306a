"""What a runtime prints as it dies: the error's own sentence is the reason, and not the trailer."""

from __future__ import annotations

import pytest

from forensics.formats.claude.witnesses import Witness, deaths_in

CLI = "file:///opt/lib/node_modules/@anthropic-ai/claude-code/cli.js"
THROWN = """\
node:events:502
      throw er; // Unhandled 'error' event
      ^

Error: write EPIPE
    at WriteWrap.onWriteComplete [as oncomplete] (node:internal/stream_base_commons:87:19)
Emitted 'error' event on Socket instance at:
    at emitErrorNT (node:internal/streams/destroy:170:8) {
  errno: -32,
  code: 'EPIPE'
}

Node.js v22.13.1
"""
REJECTED = f"""\
node:internal/process/promises:394
    triggerUncaughtException(err, true /* fromPromise */);
    ^

TypeError [ERR_X]: Channel has been closed
    at UN2 ({CLI}:1372:13682)
"""
STACK = f"""\
Error: ENOSPC: no space left on device, write
    at writeSync (node:fs:900:3)
    at x ({CLI}:9:9) {{
  errno: -28,
  syscall: 'write'
}}
"""
BUN_ERROR = """\
error: Channel closed
      at send (/$bunfs/root/claude:10:20)

Bun v1.3.14 (Linux x64)
"""
PANIC = """\
============================================================
Bun v1.3.9 (d5628db2) Linux x64 (baseline)
Linux Kernel v6.8.0 | glibc v2.39
Features: jsc standalone_executable claude_code
Elapsed: 15017ms | User: 9445ms | Sys: 5472ms
RSS: 14.45GB | Peak: 5.24GB | Commit: 14.45GB | Faults: 2 | Machine: 16.77GB

panic(thread 42): Illegal instruction at address 0x2
oh no: Bun has crashed. This indicates a bug in Bun, not your code.
Illegal instruction (core dumped)
"""
V8 = """\
<--- Last few GCs --->

[1:0x1]   1 ms: Mark-Compact 1 (2) -> 1 (2) MB

FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory
 1: 0xb node::Abort() [claude]
Aborted (core dumped)
"""


def told(text, first=1):
    return [(d.line, d.reason, d.is_client) for d in deaths_in([*enumerate(text.splitlines(), first)])]


@pytest.mark.parametrize(
    ("text", "line", "reason", "is_client"),
    [
        (THROWN, 5, "Error: write EPIPE", None),
        (THROWN.partition("Node.js")[0], 5, "Error: write EPIPE", None),
        (REJECTED, 5, "TypeError [ERR_X]: Channel has been closed", True),
        (STACK, 1, "Error: ENOSPC: no space left on device, write", True),
        (STACK + "me@box:~/app$ \n", 1, "Error: ENOSPC: no space left on device, write", True),
        (BUN_ERROR, 1, "error: Channel closed", True),
        (PANIC, 8, "panic(thread 42): Illegal instruction at address 0x2", True),
        ("Node.js v22.13.1\n", 1, "Node.js v22.13.1", None),
        (V8, 5, V8.splitlines()[4], True),
        (V8.partition("FATAL")[0], 1, "<--- Last few GCs --->", None),
    ],
    ids=[
        "thrown",
        "thrown-cut",
        "rejected",
        "stack",
        "stack-prompt",
        "bun-error",
        "panic",
        "trailer",
        "heap",
        "heap-cut",
    ],
)
def test_a_death_is_told_once_with_its_reason(text, line, reason, is_client):
    assert told(text) == [(line, reason, is_client)]


def test_what_a_panic_tells_of_the_process():
    (death,) = deaths_in([*enumerate(PANIC.splitlines(), 1)])
    assert [(line, uptime) for line, _, uptime in death.state] == [(5, 15017.0), (6, None)]


@pytest.mark.parametrize(
    "text",
    [
        STACK + "⏺ I will try again.\n",
        "Error: not found\n    at find (/srv/app/index.js:1:2)\n",
        "panic: a word of another program\n",
    ],
    ids=["goes-on", "of-another-program", "no-block"],
)
def test_no_death_is_told(text):
    assert told(text) == []


@pytest.mark.parametrize(("between", "named"), [(1, True), (9, False)])
def test_the_shell_right_below_a_runtimes_words_names_the_process(between, named):
    shell = "zsh: abort      claude --continue"
    said = [*THROWN.splitlines(), *["$ make"] * between, shell]
    deaths = deaths_in(list(enumerate(said, start=1)))
    fatal = next(death for death in deaths if death.witness is Witness.RUNTIME)
    assert deaths[-1].reason == shell
    assert bool(fatal.is_client) is named
