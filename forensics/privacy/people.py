"""Where the names of people and hosts stand in logs, and which words are no such names: data of ``anonymise``."""

from __future__ import annotations

import re

# between the parts of a path: as it is, escaped in JSON any number of times, in an URL
SEP = r"(?:\\*/|\\+|%2[Ff]|%5[Cc])"
NAME = r"[^\s\\/\"'`<>|:*?,;()\[\]{}$%&=#!…@]{1,64}"
# the folders that hold one folder for each person
# of a path that begins at the root: a project has a folder of that name, too
ROOT = r"(?:(?<![\w.~-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=[\[;]\dm)|(?<=[\[;]\d\dm))"
HOME = re.compile(
    rf"(?P<lead>(?<![A-Za-z0-9])[A-Za-z]:{SEP}Users{SEP}"
    rf"|{ROOT}(?:{SEP}(?:mnt{SEP}[a-z]|[a-z]|export|var|nfs))?{SEP}(?:home|Users){SEP}"
    rf"|^(?:home|Users)/(?=[^/]{{1,64}}/\.))"
    rf"(?P<name>{NAME}(?: [A-Z]{NAME}(?=\\|/))?)(?![^\s\\/\"'…]{{0,64}}…)"
)
# the same, as the client makes a folder's name of a project's path
ENCODED = re.compile(r"(?P<lead>(?<![A-Za-z0-9_-])(?:[A-Za-z]-)?-(?:home|Users)-)(?P<name>[A-Za-z0-9]+)")
# a shell's prompt; a remote login
PROMPT = re.compile(
    r"(?<![A-Za-z0-9_.%+/-])(?P<user>[A-Za-z_][A-Za-z0-9_.-]{0,31})@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,62})"
    r"(?=:[~/]|(?: [^\s\]]{1,99})?\][$#])"
)
LOGIN = re.compile(
    r"\b(?:ssh|scp|rsync|sftp|ssh-copy-id)(?: [^\s@]{1,99}){0,5} (?P<user>[A-Za-z_][A-Za-z0-9_.-]{0,31})"
    r"@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,62})"
)
MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])(?P<user>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@"
    r"(?P<domain>(?!\dx\.)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9])"
)
# "Name <mail>", as git and mail have it
AUTHOR = re.compile(
    r"(?P<name>(?<=Author: )[\w.'-]{1,31}|[^\W\d_a-z][\w.'-]{0,30}(?: [^\W\d_a-z][\w.'-]{0,30}){0,3}) "
    r"(?:<|&lt;|\\u003c)(?P<user>[A-Za-z0-9._%+-]{1,64})@"
)
# what the system says of its user
ACCOUNT = re.compile(
    r"\b(?:USER|LOGNAME|USERNAME)=\\?\"?(?P<env>[A-Za-z_][\w.-]{1,31})|\bu?[ug]id=\d+\((?P<id>[A-Za-z_][\w.-]{1,31})\)"
    r"|[-dl](?:[r-][w-][xsStT-]){3}[.+@]? +\d+ (?P<owner>[A-Za-z_][\w.-]{1,31}) "
)
HOSTNAME = re.compile(
    r"(?i:\b(?:hostname|computername|nodename|host_name)\\*\"?\s?[:=]\s?\\*\"?)(?P<field>[A-Za-z0-9][A-Za-z0-9.-]{0,62})"
    r"|\b(?:Linux|Darwin) (?P<uname>[A-Za-z0-9][A-Za-z0-9.-]{0,62}) \d+\.\d+"
)
URL_HOST = re.compile(r"://(?:[^\s/@\"']{0,99}@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,253})(?![A-Za-z0-9.@-])")
LAN = re.compile(
    r"(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\.\d{1,3}\.\d{1,3}(?![\d.]*\d)"
)
PRIVATE_HOST = re.compile(
    r"(?i)(?:^[a-z0-9-]+|\.(?:local|lan|internal|intranet|corp|home|localdomain|home\.arpa|ts\.net))$"
)

# no person's: accounts of systems and programs, and what stands for a name
NOBODY = frozenset({
    "all-users", "default", "public", "root", "runner", "runneradmin", "shared", "user", "user-1", "username",
})  # fmt: skip
# names that are words, too: replaced only where a path, a prompt or an address says that they are names
WORDS = frozenset({
    "a", "ask", "author", "by", "cc", "commit", "dear", "for", "from", "hello", "hi", "regards", "see", "signed-off-by",
    "tell", "thanks", "the", "to",
    "able", "about", "account", "action", "admin", "administrator", "agent", "agents", "ai", "all", "an",
    "and", "any", "api", "app", "apps", "art", "assistant", "at", "audio", "aws", "azure", "base", "bash",
    "bill", "bin", "bot", "brook", "browser", "bug", "build", "builder", "chad", "chase", "chat", "check",
    "child", "ci", "claude", "clay", "client", "cloud", "code", "coder", "codespace", "command", "config",
    "container", "core", "cursor", "data", "db", "debian", "debug", "default", "demo", "deploy", "dev",
    "dev-user", "devel", "developer", "docker", "docs", "drew", "ec2-user", "editor", "error", "event",
    "events", "faith", "false", "file", "files", "finding", "forensics", "ftp", "git", "github", "gitlab", "go",
    "gpu", "grace", "guest", "guy", "hall", "head", "home", "hook", "hope", "host", "hour", "image", "info",
    "it", "jack", "jenkins", "job", "joy", "june", "just", "kernel", "key", "lab", "lance", "lane", "line",
    "lines", "linux", "local", "log", "logs", "lost", "mac", "mail", "main", "mark", "marketing", "master",
    "may", "me", "media", "memory", "message", "mike", "mode", "model", "my", "name", "nano", "nginx", "nick",
    "node", "none", "note", "npm", "null", "ok", "ops", "opt", "oracle", "own", "page", "park", "pat", "path",
    "penny", "pi", "play", "plugin", "port", "postgres", "power", "project", "prompt", "proxy", "public",
    "python", "queue", "ray", "read", "reader", "real", "record", "redis", "release", "remote", "report",
    "rich", "rob", "rod", "root", "rose", "ruby", "rule", "rules", "run", "runner", "rust", "sage", "sales",
    "scout", "script", "search", "server", "service", "session", "sessions", "shared", "shell", "skip", "sky",
    "some", "source", "spring", "stack", "staff", "star", "start", "state", "status", "step", "stop", "storage",
    "studio", "sue", "support", "sys", "system", "task", "team", "temp", "terminal", "test", "tester",
    "testing", "tests", "text", "time", "timeline", "tmp", "todo", "token", "tool", "tools", "true", "type",
    "ubuntu", "user", "users", "vagrant", "van", "var", "victor", "vim", "violet", "voice", "web", "wheel",
    "whisper", "will", "win", "windows", "work", "worker", "workspace", "write", "www", "x", "you",
})  # fmt: skip
# hosts that everybody knows: they tell nothing of a person
KNOWN_HOSTS = frozenset(
    {"localhost", "host.docker.internal", "metadata.google.internal", "gateway.docker.internal"}
)
KNOWN_DOMAINS = (
    "anthropic.com", "claude.ai", "claude.com", "openai.com", "github.com", "githubusercontent.com", "gitlab.com",
    "bitbucket.org", "google.com", "googleapis.com", "gmail.com", "googlemail.com", "outlook.com", "hotmail.com",
    "live.com", "yahoo.com", "icloud.com", "me.com", "proton.me", "protonmail.com", "example.com", "example.org",
    "example.net", "npmjs.org", "npmjs.com", "pypi.org", "python.org", "docker.com", "docker.io", "microsoft.com",
    "azure.com", "windows.net", "amazonaws.com", "amazon.com", "huggingface.co", "elevenlabs.io", "groq.com",
    "sentry.io", "cloudflare.com", "kernel.org", "gnu.org", "apache.org", "debian.org", "ubuntu.com", "apple.com",
)  # fmt: skip
# of an address that is a service's: no person is called so
MAILBOXES = frozenset({
    "contact", "git", "hello", "help", "info", "mail", "no-reply", "noreply", "sales", "security", "support",
    "team",
})  # fmt: skip
