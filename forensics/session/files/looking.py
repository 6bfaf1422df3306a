"""The table of shell commands that only look: programs, sub-commands, and the words by which one changes something.

What is not in it counts as a change. Commands that only check (tests, linters) are in it, for what they write is not
work that could be lost. From the programs' own manuals; the verbs of clouds and clusters are those that read.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOOKS = _words(
    "[ [[ : apropos arch awk base64 basename bat bc cal cat cd cksum cloc cmp column comm command compgen curl "
    "cut date delta df diff dig dirname dmesg doctor du dust echo egrep env exa exit export expr eza false fd "
    "fgrep file find fold free getent glxinfo grep groups head help hexdump history host hostname htop id "
    "ifconfig iostat ipcs jobs journalctl jq last less locale locate ls lsb_release lsblk lscpu lsof lspci lsusb "
    "man md5 md5sum mdfind more mpstat netstat nl nm nproc nslookup nvidia-smi objdump od otool pgrep ping popd "
    "pr printenv printf ps pushd pwd pstree read readelf readlink realpath return rev rg sed seq set sha1sum "
    "sha256sum shasum size sleep sort source ss stat strings sum sw_vers tac tail test tldr tokei top tr "
    "traceroute tree true tty type ulimit uname uniq unset uptime vm_stat vmstat w wait wc whatis whereis which "
    "who whoami xxd yq zcat zgrep zless"
)
CHECKS = _words(
    "actionlint ctest eslint flake8 hadolint jest mypy pylint pyright pytest shellcheck tsc vitest yamllint"
)
# of these programs only some sub-commands look
LOOKING_PARTS = {
    "git": _words(
        "blame cat-file check-ignore count-objects describe diff diff-tree fetch for-each-ref fsck grep help log "
        "ls-files ls-remote ls-tree merge-base name-rev reflog rev-list rev-parse shortlog show show-ref status var "
        "version whatchanged"
    ),
    "apt": _words("list search show policy"),
    "apt-cache": _words("depends policy rdepends search show"),
    "brew": _words("config deps doctor info leaves list ls outdated search uses"),
    "bun": _words("pm test"),
    "bundle": _words("check info list outdated show"),
    "cargo": _words("check clippy metadata search test tree"),
    "composer": _words("audit diagnose info outdated show validate"),
    "conda": _words("info list search"),
    "deno": _words("check info lint test"),
    "dotnet": _words("--info --list-sdks list test"),
    "dpkg": _words("-l -L -s -S --list --listfiles --search --status"),
    "docker": _words("diff events history images info inspect logs port ps search stats top version"),
    "flutter": _words("analyze devices doctor test"),
    "gem": _words("contents env info list outdated search"),
    "go": _words("env list test version vet"),
    "gradle": _words("dependencies projects properties tasks test"),
    "helm": _words("env get history list ls search show status template version"),
    "ip": _words("a addr address link neigh route"),
    "kubectl": _words(
        "api-resources api-versions cluster-info describe diff events explain get logs top version wait"
    ),
    "launchctl": _words("blame list print"),
    "loginctl": _words("list-sessions list-users show-session show-user"),
    "mvn": _words("dependency:tree test validate verify"),
    "nix": _words("eval flake-info path-info search show-config"),
    "npm": _words(
        "audit config-get explain fund info list ls outdated ping root search show test v view whoami why"
    ),
    "pip": _words("check debug freeze index inspect list show"),
    "pm2": _words("describe info list logs ls monit show status"),
    "pnpm": _words("audit list ls outdated test why"),
    "podman": _words("diff history images info inspect logs port ps search stats top version"),
    "poetry": _words("check env-info show version"),
    "rpm": _words("-q -qa -qi -ql"),
    "rustup": _words("check show which"),
    "snap": _words("find info list version"),
    "supervisorctl": _words("avail status tail"),
    "svn": _words("blame diff info list log ls status"),
    "systemctl": _words(
        "cat get-default is-active is-enabled is-failed list-dependencies list-jobs list-sockets list-timers "
        "list-unit-files list-units show status"
    ),
    "tailscale": _words("ip netcheck ping status version"),
    "terraform": _words("graph output plan providers show validate version"),
    "tmux": _words(
        "capture-pane display-message has-session list-keys list-panes list-sessions list-windows ls"
    ),
    "tofu": _words("graph output plan providers show validate version"),
    "uv": _words("tree version"),
    "yarn": _words("audit info list outdated test why"),
}
# programs whose verb follows a noun ("gh pr view", "docker container ls"): what only reads, whatever the noun is
LOOKING_VERBS = {
    "az": re.compile(r"list(?:-[\w-]+)?|show(?:-[\w-]+)?|get-[\w-]+"),
    "aws": re.compile(r"(?:batch-get|describe|get|head|list|lookup|scan|query|search|select)(?:-[\w-]+)?|ls"),
    "docker": re.compile(
        r"config|df|events|history|images|info|inspect|list|logs|ls|port|ps|stats|top|version"
    ),
    "doctl": re.compile(r"get|list|list-[\w-]+"),
    "fly": re.compile(r"list|show|status|logs|releases"),
    "flyctl": re.compile(r"list|show|status|logs|releases"),
    "gcloud": re.compile(r"describe|get-[\w-]+|list|list-[\w-]+|read|search|tail"),
    "gh": re.compile(r"checks|diff|list|status|view|watch"),
    "glab": re.compile(r"diff|list|status|trace|view"),
    "heroku": re.compile(r"info|list|logs|ps|status"),
    "pipx": re.compile(r"list|environment"),
    "podman": re.compile(
        r"config|df|events|history|images|info|inspect|list|logs|ls|port|ps|stats|top|version"
    ),
    "supabase": re.compile(r"list|status|diff|lint"),
    "vercel": re.compile(r"inspect|list|logs|ls|whoami"),
    "wrangler": re.compile(r"list|tail|whoami|status"),
}
DOES = re.compile(
    r"(?:add|apply|attach|cancel|clear|close|copy|cp|create|delete|deploy|destroy|disable|edit|enable|import|kill|merge|mv"
    r"|put|remove|reset|restart|rm|run|scale|set|start|stop|submit|sync|terminate|update|upload)(?:-|$)"
)
NOUNS_ALONE = {
    "gh": _words("search status help version"),
    "gcloud": _words("info version"),
    "glab": _words("version"),
}
# of "git remote" and its like those look that are followed by one of these words
LISTINGS = {
    "git branch": _words("-a -r -v -vv --all --list --show-current --contains"),
    "git bisect": _words("log visualize"),
    "git lfs": _words("env ls-files status"),
    "git notes": _words("list show"),
    "git remote": _words("-v get-url show"),
    "git stash": _words("list show"),
    "git submodule": frozenset(["status"]),
    "git tag": _words("-l --list"),
    "git worktree": frozenset(["list"]),
    "git config": _words("--get --get-all --list -l"),
    "npm config": _words("get list ls"),
    "npm run": _words("lint test typecheck"),
    "pip config": _words("debug get list"),
    "pip cache": _words("dir info list"),
    "pnpm run": _words("lint test typecheck"),
    "rustup toolchain": frozenset(["list"]),
    "terraform state": _words("list show"),
    "uv pip": _words("check freeze list show tree"),
    "yarn run": _words("lint test typecheck"),
}
BARE = frozenset({"git branch", "git remote", "git tag", "git submodule"})  # these list when nothing follows
EDITORS = _words("cp install mv patch perl rm sed tee truncate")
# by these words a command that looks changes something
CHANGES = {
    "find": re.compile(r"-(?:delete|exec|execdir|ok|okdir|fprintf?)$"),
    "sed": re.compile(r"(?:-[a-zA-Z]*i|--in-place)"),
    "yq": re.compile(r"(?:-[a-zA-Z]*i|--inplace)"),
    "sort": re.compile(r"(?:-o|--output)"),
    "curl": re.compile(
        r"(?:-[a-zA-Z]*[oO]$|--output|--remote-name|(?:-X|--request[ =]?)?(?:DELETE|PATCH|POST|PUT)$)"
    ),
    "eslint": re.compile(r"--fix"),
    "dmesg": re.compile(r"(?:-[a-zA-Z]*[cC]$|--(?:read-)?clear)"),
    "hostname": re.compile(r"[^-]"),
    "date": re.compile(r"(?:-s$|--set)"),
    "ip": re.compile(r"add$|del$|delete$|set$|flush$|replace$"),
    "journalctl": re.compile(r"--(?:vacuum|rotate|flush)"),
    "npm": re.compile(r"fix$"),
    "terraform": re.compile(r"-out\b"),
    # a call of the API with fields or another method than GET is no question
    "gh": re.compile(
        r"(?:-[fF]$|--(?:field|raw-field|input)|(?:-X|--method[ =]?)?(?:DELETE|PATCH|POST|PUT)$)"
    ),
}
CALLS_OF_AN_API = _words("gh glab")  # "gh api <path>"
# clients of databases, and the statements that only ask
DATABASES = _words("clickhouse-client duckdb mariadb mysql psql sqlite3")
ASKS = re.compile(
    r"(?is)\s*(?:\.(?:databases|dump|fullschema|headers|help|indexes|indices|mode|schema|show|tables|timer|width)\b"
    r"|\\(?:[dlzc]|conninfo|timing|pset|x)|(?:select|show|describe|desc|explain(?!\s+analy[sz]e\s+(?:delete|insert|update))"
    r"|values)\b|pragma\s+[\w.]+(?:\([^)]*\))?\s*$|with\b(?!.*\b(?:insert|update|delete)\b))"
)
STATEMENT_AFTER = _words("-c --command -e --execute -q --query --eval -cmd")
BEFORE = _words("! do elif else if nice nohup stdbuf sudo then time timeout until while xargs {")
WORDS_ONLY = _words("case done esac fi for function in select }")
ASKS_ONLY = ("--help", "--version", "-V", "help", "version", "doctor")
SHELLS = _words("bash dash sh zsh")
GIT_OPTIONS_WITH_VALUE = frozenset(["-C", "-c", "--git-dir", "--work-tree"])
