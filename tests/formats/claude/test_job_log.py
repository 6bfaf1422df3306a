"""Logs of jobs that show no record of the client's run: whose death their runners tell. All content is invented."""

from __future__ import annotations

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.errors import NothingReadableError
from forensics.evidence.file import HEAD_BYTES
from forensics.formats.claude.job_steps import starts_client
from tests.support.parsed import told

STARTED = """\
##[group]Run anthropics/claude-code-action@v1
with:
  prompt: API Error: 500 is what this step is asked about
##[endgroup]
##[group]Run bun install --production
bun install --production
shell: /usr/bin/bash -e {0}
##[endgroup]
Checked 115 installs
Running Claude Code via SDK (full output hidden for security)...
"""
SCRIPT = """\
##[group]Run claude -p "Review
claude -p "Review
npm test" --max-turns 3
shell: /usr/bin/bash -e {0}
##[endgroup]
I look at the change.
"""
GITLAB = """\
Running with gitlab-runner 17.5.0 (a0000001)
$ npm ci
added 3 packages in 4s
$ claude -p "$PROMPT" --permission-mode acceptEdits
"""
NEXT_STEP = """\
##[group]Run npm test
npm test
shell: /usr/bin/bash -e {0}
##[endgroup]
"""
CANCELLED = "##[error]The operation was canceled.\n"
EXIT_137 = "##[error]Process completed with exit code 137.\n"
EXIT_1 = "##[error]Process completed with exit code 1.\n"
SDK = """\
SDK execution error: 14 |     depsCount: ${Q},
error: Claude Code process exited with code 1
      at $ (/w/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs:19:6699)
##[error]Action failed with error: SDK execution error: Error: Claude Code process exited with code 1
"""


def judged(tmp_path, text, name="job.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (session,) = analyse(Request([path])).sessions
    return session


def stamped(text):
    return "".join(f"2026-03-04T10:00:00.1234567Z {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("around", [str, stamped], ids=["bare", "stamped"])
@pytest.mark.parametrize(
    ("text", "verdict", "words"),
    [
        (STARTED + CANCELLED, "KILLED", "The operation was canceled."),
        (STARTED + EXIT_137, "KILLED", "exit code 137"),
        (STARTED + SDK + EXIT_1, "ERROR_RESULT", "error: Claude Code process exited with code 1"),
        (STARTED + EXIT_1, "ERROR_RESULT", "Process completed with exit code 1."),
        (SCRIPT + EXIT_137, "KILLED", "exit code 137"),
        (GITLAB + "ERROR: Job failed: exit code 137\n", "KILLED", "Job failed: exit code 137"),
        (GITLAB + "ERROR: Job failed: command terminated with exit code 137\n", "KILLED", "exit code 137"),
        (GITLAB + "ERROR: Job failed: execution took longer than 1h0m0s seconds\n", "KILLED", "1h0m0s"),
        (GITLAB + 'ERROR: Job failed (system failure): pods "runner-1" not found\n', "KILLED", "pods"),
        (GITLAB + "ERROR: Job failed: exit code 1\n", "ERROR_RESULT", "Job failed: exit code 1"),
        (GITLAB + "Running after_script\n$ df -h\nERROR: Job failed: exit code 137\n", "KILLED", "exit code 137"),
        (GITLAB + "API Error: 529 Overloaded.\nERROR: Job failed: exit code 1\n", "ERROR_RESULT", "529 Overloaded"),
        (STARTED + "The hosted runner lost communication with the server. It starved.\n", "KILLED", "lost communication"),
    ],
)  # fmt: skip
def test_what_the_runner_says_of_the_clients_step_is_its_end(tmp_path, text, verdict, words, around):
    ending = judged(tmp_path, around(text)).case.ending
    assert ending.verdict == verdict
    assert words in ending.proof


@pytest.mark.parametrize(
    "text",
    [
        NEXT_STEP + CANCELLED,
        NEXT_STEP + "Killed\n" + EXIT_137,
        "Running with gitlab-runner 17.5.0\n$ npm test\nERROR: Job failed: exit code 137\n",
        STARTED + NEXT_STEP + EXIT_137,
        SCRIPT.replace("npm test", "the tests") + NEXT_STEP + CANCELLED,
        "Running with gitlab-runner 17.5.0\n$ npm i -g @anthropic-ai/claude-code\nERROR: Job failed: exit code 137\n",
        "Running with gitlab-runner 17.5.0\n$ claude --version\n$ npm test\nERROR: Job failed: exit code 137\n",
        STARTED + "Job succeeded\n",
    ],
)
def test_a_job_that_says_nothing_of_the_client_is_no_session(tmp_path, text):
    path = tmp_path / "job.txt"
    path.write_text(stamped(text), encoding="utf-8")
    with pytest.raises(NothingReadableError):
        analyse(Request([path]))


def test_what_a_step_is_asked_is_not_what_it_answers(read):
    parsed = read("job.txt", STARTED + EXIT_137)
    assert [row[:2] for row in told(parsed)] == [(11, "process_exited")]
    assert parsed.lines_understood == 1


def test_a_step_behind_a_long_output_of_others_is_found(tmp_path):
    noise = "npm warn deprecated a package that nobody needs\n" * (2 * HEAD_BYTES // 40)
    assert judged(tmp_path, stamped(NEXT_STEP + noise + STARTED + CANCELLED)).case.ending.verdict == "KILLED"
    assert judged(tmp_path, stamped(STARTED + noise + CANCELLED)).case.ending.verdict == "KILLED"


@pytest.mark.parametrize(
    "script",
    [
        "claude -p hello",
        'cat prompt.md | claude --print --output-format json > out.json\necho "done"',
        'claude -p "first\nnpm test\nlast" \\\n  --max-turns 3',
        "npm ci\nANTHROPIC_MODEL=x timeout 10m claude -p hi",
        "npx -y @anthropic-ai/claude-code -p hi",
        "claude -p <<'EOF'\nnpm test\nEOF",
        "if ! claude -p hi; then\n  exit 1\nfi",
    ],
)
def test_a_script_whose_last_command_is_the_client(script):
    assert starts_client(script)


@pytest.mark.parametrize(
    "script",
    ["claude --version", "claude mcp add x", "npm i -g @anthropic-ai/claude-code", "which claude", "claude -p hi\nnpm test", "claude -p hi && npm test", "if claude -p hi; then npm test; fi", "echo 'claude -p hi'", "git commit -m claude"],
)  # fmt: skip
def test_a_script_whose_last_command_is_another(script):
    assert not starts_client(script)
