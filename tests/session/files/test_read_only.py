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
    # services and their clients
    "gh auth status 2>&1",
    "gh search repos 'x' --limit 5",
    "gh api repos/x/y --jq .name",
    "gh -R a/b pr view 3 --json title",
    "gh api graphql -f query='query { viewer { login } }' -F n=3",
    "which claude && claude --version && claude doctor",
    "sqlite3 data/workspace.db '.tables'",
    "sqlite3 -header a.db 'select a from b'",
    "sqlite3 a.db <<< '.schema'",
    "psql -h db -U me -d x -c 'select count(*) from users'",
    "mysql -u root -e 'SHOW TABLES' shop",
    "docker ps -a --format '{{.Names}}' | grep web",
    "docker logs --tail 50 web 2>&1 | tail -5",
    "docker compose -f a.yml ps",
    "docker exec -it db psql -U me -c 'select 1'",
    "kubectl -n shop get pods -o wide",
    "kubectl describe pod web-1 && kubectl logs web-1",
    "npm ls --depth=0; npm view left-pad version",
    "pip list | grep -i torch; pip3 show torch; python3 -m pip freeze",
    "systemctl status nginx --no-pager",
    "terraform plan -no-color; terraform state list",
    "aws --profile dev ec2 describe-instances --region eu-west-1",
    "aws s3 ls s3://bucket/ && aws sts get-caller-identity",
    "gcloud compute instances list --project p && gcloud run services describe web",
    "curl -s -o /dev/null -w '%{http_code}' http://localhost:3000",
    "curl -fsSL https://example.org/a | head -5",
    "curl -I -X GET https://example.org",
    "ping -c 1 example.org",
    # what runs them
    "bash -c 'ls -la | wc -l'",
    'bash -lc "git status && git log -1"',
    "sudo -u postgres psql -c 'select 1'",
    "DEBUG=1 env FOO=2 printenv FOO",
    "timeout -k 5 30s docker ps",
    "find . -name '*.py' | xargs -I {} wc -l {}",
    "ssh -p 2222 host 'uptime && df -h'",
    'echo "at $(git rev-parse --short HEAD)"',
    "diff <(ls a) <(ls b)",
    "npx tsc --noEmit",
    "uv run pytest -q",
    "command -v node",
    "crontab -l; tar -tzf a.tgz; unzip -l b.zip",
    "brew doctor",
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
    "gh pr create --title x",
    "gh api -X POST repos/x/y/issues -f title=x",
    "gh api repos/x/y/issues -f title=x",
    "gh api graphql -f query='mutation { addStar }'",
    "gh auth login",
    "sqlite3 a.db 'insert into b values (1)'",
    "sqlite3 a.db 'select 1; drop table b'",
    "sqlite3 a.db",
    "psql -c 'with gone as (delete from a returning *) select * from gone'",
    "docker run web",
    "docker compose up -d",
    "docker exec db rm -rf /data",
    "kubectl -n shop delete pod web-1",
    "kubectl apply -f a.yml",
    "npm version patch",
    "npm audit fix",
    "pip install torch",
    "systemctl restart nginx",
    "terraform apply",
    "terraform plan -out=tfplan",
    "aws s3 cp a s3://bucket/",
    "aws s3api get-object --bucket b --key k out.bin",
    "aws ec2 terminate-instances --instance-ids i",
    "gcloud compute instances delete web",
    "curl -X POST https://example.org",
    "curl -d a=1 https://example.org",
    "curl -sO https://example.org/a.zip",
    "wget https://example.org/a.zip",
    "bash -c 'rm -rf build'",
    "bash build.sh",
    "bash -c 'ls > a.txt'",
    "sudo -u postgres psql -c 'drop table a'",
    "env FOO=1 rm a",
    "xargs rm < list.txt",
    "ls | xargs -I {} rm {}",
    "ssh host 'rm a'",
    'echo "$(rm -rf build)"',
    "diff <(ls a) <(rm b)",
    "git branch -D old",
    "git tag v1",
    "git remote add origin x",
    "docker ps > out.txt",
    "ls &> out.txt",
    "awk '{print > \"b\"}' a",
    "npx prettier --write src",
    "crontab new.tab",
    "gh pr merge 12",
    "gh api -X POST repos/o/r/issues -f title=x",
    "gh api repos/o/r/issues --field title=x",
    "gh run download 12",
    "sqlite3 app.db 'delete from t'",
    'sqlite3 app.db "select 1; drop table t"',
    "sqlite3 app.db < schema.sql",
    "sqlite3 app.db",
    "psql -f migrate.sql",
    "psql -c 'with x as (delete from t returning 1) select * from x'",
    "docker run -it web",
    "docker rm web",
    "kubectl apply -f a.yaml",
    "kubectl delete pod web",
    "pip install polars",
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
