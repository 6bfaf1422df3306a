"""Which shell commands are known to change nothing, and which commit."""

from __future__ import annotations

import pytest

from forensics.session.files.read_only import commits, edits, is_read_only

LOOK = [
    "ls -la",
    "cd /home/dev/project && git status --short && git log --oneline -5",
    "grep -rn 'rm -rf; echo' src | head -20",
    "cat a.txt 2>/dev/null || true",
    "pytest -q 2>&1 | tail -5",
    "python3 -m pytest tests",
    "timeout 60 cargo test",
    "FOO=1 env | sort",
    "for f in *.py; do wc -l $f; done",
    "if [ -f a ]; then cat a; fi",
    "git -C /home/dev/project diff HEAD~1",
    "git branch --show-current; git remote -v; git stash list",
    "head=$(git rev-parse HEAD); echo $head",
    "find . -name '*.py' | xargs -n 1 grep -l main",
    "echo done >&2",
    "node --version",
    "ccusage daily --help",
    "/usr/bin/ls",
    "# look first\nls",
    "cat <<'EOF'\nrm -rf build\nEOF\nls",
    "",
]
CHANGE = [
    "rm -rf build",
    "ls\nrm a",
    "ls && touch a",
    "echo hello > a.txt",
    "pytest >> log.txt",
    "sed -i 's/a/b/' f",
    "sed -ni 's/a/b/p' f",
    "find . -name '*.pyc' -delete",
    "git commit -m x",
    "git checkout main",
    "git branch new",
    "git stash",
    "git config user.name dev",
    "npm install",
    "python3 build.py",
    "cat > a.py <<'EOF'\nprint(1)\nEOF",
    "curl -o a.zip https://example.org/a.zip",
    "sudo rm a",
    "make",
    "while true; do ./step; done",
    "cat a | tee b",
    "cat > a.py <<'EOF'\nprint('cut in the middle of",
]


@pytest.mark.parametrize("command", LOOK)
def test_what_only_looks_changes_nothing(command):
    assert is_read_only(command)


@pytest.mark.parametrize("command", CHANGE)
def test_what_the_table_does_not_know_may_change_something(command):
    assert not is_read_only(command)


@pytest.mark.parametrize(
    "command",
    [
        "git commit -m 'Add it'",
        "git add -A && git commit -qm x",
        "cd p; git -c user.name=dev commit --amend --no-edit",
        "git add a && git commit -m \"$(cat <<'EOF'\nAdd it\n\nWhy\nEOF\n)\"",
        "git commit -m \"$(cat <<'EOF'\nA message that was cut in the mi",
    ],
)
def test_a_commit(command):
    assert commits(command)


@pytest.mark.parametrize(
    "command", ["git log --grep commit", "echo git commit", "git commit --dry-run", "git status"]
)
def test_no_commit(command):
    assert not commits(command)


@pytest.mark.parametrize(
    "command",
    ["cat > src/a.py <<'EOF'\nx\nEOF", "echo x >> a.py", "sed -i 's/a/b/' src/a.py", "ls && mv b.py a.py"],
)
def test_a_command_that_edits_a_file(command):
    assert edits(command, "a.py")


@pytest.mark.parametrize(
    "command", ["cat a.py", "python3 a.py", "git add a.py", "sed -n 1p a.py", "echo a.py > list.txt"]
)
def test_a_command_that_only_names_a_file(command):
    assert not edits(command, "a.py")
