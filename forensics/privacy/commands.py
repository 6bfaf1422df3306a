"""Secrets that commands are given, as data: a command's name, and the option or the place behind which one stands."""

from __future__ import annotations

from forensics.privacy.kind import NO_VALUE, QUOTED, Kind

KIND = "password"
# of a command the rest of its words, and what may be a password
REST = r"(?:(?!mysql|mariadb)[^\n|;&])"
GIVEN_TO_OPTION = rf"{NO_VALUE}(?![$<%{{\[(`-])[^\s\"'\\;|&)]{{3,}}"
GAP = r"[\s\"',\\]{1,6}"
MYSQL = r"(?i:mysql|mariadb)[A-Za-z_-]{0,12}(?=[\s\"'\\])"
# what is piped into a command that reads a password
READERS = (
    r"(?:docker|podman|helm|oras|crane|skopeo|buildah)[^\n|;&]{0,200}--password-stdin"
    r"|sudo\s[^\n|;&]{0,40}?-S|chpasswd"
    r"|passwd\s[^\n|;&]{0,40}--stdin|gh auth login[^\n|;&]{0,100}--with-token"
    r"|vault (?:login|kv put)[^\n|;&]{0,100}-(?!\w)"
)
# marks, commands, and the option behind which their password stands
OPTIONS = (
    (("docker login", "podman login", "helm registry"), "(?:docker|podman|helm registry) login", "-p"),
    (("redis-cli",), "redis-cli", "-a|--pass"),
    (("sqlcmd", "bcp "), "sqlcmd|bcp", "-P"),
    (("mongo",), "mongosh?|mongo(?:dump|restore|export|import)", "-p"),
    (("az login", "az ad sp", "az acr"), "az (?:login|ad sp|acr login)", "-p"),
    (("zip ",), "(?:un)?zip|zipcloak", "-P"),
    (("ldap",), "ldap(?:search|modify|add|delete|whoami)", "-w"),
    (("gpg",), "gpg2?", "--passphrase"),
    (("openssl",), "openssl", "-(?:k|pass|passin|passout)"),
    (("sshpass",), "sshpass", "-p"),
    (
        ("cypher-shell", "clickhouse-client", "influx"),
        "cypher-shell|clickhouse-client|influx",
        "-p|--password",
    ),
    (("nmcli",), "nmcli", "password"),
    (("rabbitmqadmin",), "rabbitmqadmin", "-p"),
)
# the same, where nothing may stand between the option and the password
JOINED = ((("7z", "rar "), "7z[arz]?|(?:un)?rar", "-p"),)
NAMED = r"\S{0,60}(?i:api_?key|token|secret|passw(?:or)?d|_auth|access_key)[A-Za-z0-9_]{0,30}"
# marks, commands, and what of them stands before the password
PLACES = (
    (("aws configure",), "aws configure set", r"\S{0,60}(?:secret|token)\S{0,40}"),
    (("htpasswd",), "htpasswd", r"-[a-zA-Z]*b[a-zA-Z]*\s+\S{1,200}\s+\S{1,100}"),
    (("net use",), "net use", r"\S{1,200}\s+/user:\S{1,100}"),
    (
        ("set",),
        r"setx|setenv|set(?: -[a-zA-Z]{1,6}){1,3}|(?:npm|yarn|pip|git) config(?: --?[a-z]{1,20}){0,3} set",
        NAMED,
    ),
    (("rabbitmqctl",), "rabbitmqctl (?:add_user|change_password)", r"\S{1,100}"),
    (
        ("smb", "rpcclient"),
        "smbclient|smbmap|rpcclient",
        r"[^\n|;&]{0,200}?(?:-U|--user)[\s=]*[^\s%]{1,100}%",
    ),
    (("vault ",), "vault (?:kv (?:put|patch)|write)", r"\S{1,200}(?:\s+\w+=\S{1,100}){0,5}\s+\w{1,60}="),
    (("from-literal",), "--from-literal", r"[=\s]['\"]?[\w.-]{1,100}="),
    (("gh auth login",), "gh auth login", r"[^\n|;&]{0,100}--with-token\s*<<<"),
)


def _any(commands: str) -> str:
    # inside of a path and of quotation marks, too: not at the end of another word
    return rf"(?<![A-Za-z0-9_.])(?:{commands})(?:\.exe)?"


IN_COMMANDS: tuple[Kind, ...] = (
    Kind(
        KIND,
        ("curl",),
        (
            r"(?i:curl)(?=[\s\"'.])(?:(?!curl)[^\n|]){0,600}?[\s\"'](?:-[a-zA-Z]{0,5}[uU]|--(?:proxy-)?user)[\s=\"',\\]{0,6}"
            r"(?!\$)[^\s:\"'\\]{1,100}:(?P<value>(?![$/\[])[^\s\"'\\]{3,})"
        ),
    ),
    Kind(
        "cookie",
        ("curl",),
        (
            r"(?i:curl)(?=[\s\"'.])(?:(?!curl)[^\n|]){0,600}?[\s\"'](?:-b|--cookie)[\s=\"',\\]{1,6}"
            r"(?P<value>[A-Za-z0-9_.-]{1,80}=[^\r\n\"'\\]{8,4000})"
        ),
    ),
    Kind(
        KIND,
        ("http ", "https ", "xh "),
        rf"{_any('https?|xhs?')}\s[^\n|;&]{{0,100}}?(?:-a|--auth)[\s=\"',\\]{{1,6}}[^\s:\"'\\]{{1,100}}:(?P<value>(?![$/\[])[^\s\"'\\]{{3,}})",
    ),
    # behind a user any value, without one no plain word: -port and -parents are options of other commands
    Kind(
        KIND,
        ("mysql", "mariadb"),
        (
            rf"{MYSQL}(?:{REST}{{0,300}}?[\s\"'\\])?(?:-u|--user){REST}{{0,200}}?[\s\"']-p\\*[\"']?"
            rf"(?P<value>(?!ort\b){GIVEN_TO_OPTION})"
        ),
    ),
    Kind(
        KIND,
        ("mysql", "mariadb"),
        (
            rf"{MYSQL}(?:{REST}{{0,300}}?[\s\"'])?(?<=[\s\"'])-p\\*[\"']?"
            rf"(?P<value>(?=[^\s\"'\\]{{0,99}}[^a-z\s\"'\\])(?!\d+:\d){GIVEN_TO_OPTION})"
        ),
    ),
    *(
        Kind(
            KIND,
            marks,
            rf"{_any(commands)}{GAP}(?:[^\n|;&]{{0,200}}?[\s\"',\\])?(?<=[\s\"',])(?:{option})(?:{GAP}|=)(?:pass:)?{QUOTED}"
            rf"(?P<value>{GIVEN_TO_OPTION})",
        )
        for marks, commands, option in OPTIONS
    ),
    *(
        Kind(KIND, marks, rf"{_any(commands)}\s[^\n|;&]{{0,60}}?(?<=\s){option}{QUOTED}(?P<value>{GIVEN_TO_OPTION})")
        for marks, commands, option in JOINED
    ),
    *(
        Kind(KIND, marks, rf"{_any(commands)}\s*{place}\s*{QUOTED}(?P<value>{GIVEN_TO_OPTION})")
        for marks, commands, place in PLACES
    ),
    Kind(
        KIND,
        ("-stdin", "sudo", "chpasswd", "--with-token", "vault"),
        (
            rf"(?<![A-Za-z0-9_.-])(?:echo|printf)\s+(?:-[a-z]+\s+)?\\*[\"']?(?:[a-z_][\w-]{{0,31}}:)?"
            rf"(?P<value>{GIVEN_TO_OPTION})(?:\\n)?\\*[\"']?\s*\|\s*(?:{READERS})"
        ),
    ),
    Kind(
        KIND,
        ("passw",),
        (
            r"(?i:machine)\s+[^\s\"'\\]{1,200}(?:\s|\\n){1,20}(?i:login|account)\s+[^\s\"'\\]{1,200}(?:\s|\\n){1,20}"
            r"(?i:password)[ \t]+(?P<value>(?!\[)[^\s\"'\\]{4,})"
        ),
    ),
)  # fmt: skip
