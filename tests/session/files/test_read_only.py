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
    "gh auth status 2>&1 | head -5",
    "gh search repos claude --limit 5 --json name",
    "gh api repos/o/r/pulls --jq '.[].number'",
    "gh pr view 12 --json title && gh run list -L 3",
    "gh api --paginate -X GET repos/o/r/issues",
    "which node; node --version; npm --version",
    "claude doctor 2>&1",
    "which claude && claude --version 2>/dev/null",
    "sqlite3 app.db '.tables' && sqlite3 app.db \"select count(*) from t; .schema t\"",
    r"psql -U dev -c '\d users'",
    "psql \"$URL\" -c 'SELECT 1'",
    "docker ps -a | grep web; docker logs --tail 20 web; docker compose ps",
    "docker container ls && docker image inspect web",
    "kubectl get pods -n prod && kubectl -n prod describe pod web && kubectl logs web",
    "npm ls --depth=0; npm view react version; npm outdated",
    "pip list | grep polars; pip show polars; python3 -m pip freeze; uv pip list",
    "systemctl status nginx; journalctl -u nginx -n 50",
    "sudo systemctl is-active docker",
    "terraform plan; terraform state list",
    "aws ec2 describe-instances --region eu-west-1; aws s3 ls; aws sts get-caller-identity",
    "gcloud compute instances list --format json",
    "bash -c 'ls -la | head'",
    "git submodule status; git lfs ls-files",
    "tmux ls; tmux capture-pane -p",
    "curl -s http://localhost:3000/health | jq .status",
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
    "gh pr merge 12",
    "gh api -X POST repos/o/r/issues -f title=x",
    "gh api repos/o/r/issues --field title=x",
    "gh auth login",
    "gh run download 12",
    "sqlite3 app.db 'delete from t'",
    'sqlite3 app.db "select 1; drop table t"',
    "sqlite3 app.db < schema.sql",
    "sqlite3 app.db",
    "psql -f migrate.sql",
    "psql -c 'with x as (delete from t returning 1) select * from x'",
    "docker compose up -d",
    "docker run -it web",
    "docker rm web",
    "kubectl apply -f a.yaml",
    "kubectl delete pod web",
    "npm audit fix",
    "pip install polars",
    "systemctl restart nginx",
    "terraform apply",
    "terraform plan -out plan.bin",
    "aws s3 cp a s3://b",
    "aws ec2 terminate-instances",
    "gcloud compute instances delete list-1",
    "bash -c 'rm a'",
    "bash install.sh",
    "curl -X DELETE http://localhost:3000/items/1",
    "gh search repos x > found.txt",
    "hostname new-name",
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
