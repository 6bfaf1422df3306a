"""Secrets in addresses, as data: before the host, among the parameters, and as the path of a webhook."""

from __future__ import annotations

from forensics.privacy.kind import START, Kind

# of services that are reached with a user and a password, and have no path in which an @ could stand
STORES = r"(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|ldaps?|smtps?|ftps?|mssql|clickhouse|nats)"
PARAMETERS = (
    r"(?:(?:x-(?:amz|goog)-)?(?:signature|credential|security-token)|sig|key|auth|(?:access|refresh|id|auth|api)?[_-]?token"
    r"|client_secret|secret|password|passwd|pwd|code)"
)
IN_URLS: tuple[Kind, ...] = (
    Kind(
        "webhook",
        ("webhook", "hooks.slack.com"),
        (
            r"(?i:discord(?:app)?\.com\\*/api(?:\\*/v\d+)?\\*/webhooks|hooks\.slack\.com\\*/(?:services|workflows|triggers)"
            r"|webhook\.office\.com\\*/webhookb2)\\*/(?P<value>[A-Za-z0-9_@-][A-Za-z0-9_@/\\-]{15,})"
        ),
    ),
    Kind(
        "password in url",
        ("://", ":\\/"),
        r":(?<=[A-Za-z0-9]:)(?:\\*/){2}[^\s/:@\"']{0,200}:(?P<value>(?!\$?\{|\$[A-Z_]+@|<|%s@)[^\s/\"'\[\]]+)@",
    ),
    Kind(
        "password in url",
        ("sql:", "postgres:", "mariadb:", "mongodb", "redis", "amqp", "ldap", "smtp", "ftp", "clickhouse:", "nats:"),
        rf"(?i:{STORES}):(?:\\*/){{2}}[^\s/:@\"']{{0,200}}:(?P<value>[^\s\"'\[\]@:?]{{1,200}}/[^\s\"'\[\]@?]{{0,200}})@",
    ),
    Kind(
        "token in url",
        ("://", ":\\/"),
        r"(?i:https?|git|ssh):(?:\\*/){2}(?P<value>(?=[^\s/:@\"']{0,99}\d)[A-Za-z0-9_.~%-]{20,200})@",
    ),
    Kind(
        "parameter of url",
        ("key=", "sig=", "signature=", "token=", "credential=", "auth=", "secret=", "password=", "pwd=", "code="),
        (
            rf"(?i:(?:[?&#]|\\u0026|%3f|%26|&amp;){PARAMETERS}=)"
            r"(?P<value>(?=[A-Za-z0-9._~%+/-]{0,99}\d)[A-Za-z0-9._~%+/-]{8,}=*|[A-Za-z0-9._~%+/-]{24,}=*)"
        ),
    ),
    Kind(
        "azure key",
        ("accountkey", "sharedaccess"),
        r"(?i:AccountKey|SharedAccessKey|SharedAccessSignature)(?:=|%3[Dd])(?P<value>[A-Za-z0-9+/%&=._-]{16,})",
    ),
    Kind("azure key", (".azconfig.io",), r"(?i:;Secret=)(?P<value>[A-Za-z0-9+/]{36,100}={0,2})"),
    # a mailbox of a project, into which whoever knows it may write
    Kind(
        "gitlab mail token",
        ("incoming+",),
        rf"{START}incoming\+[A-Za-z0-9._-]{{1,200}}-\d+-(?P<value>[A-Za-z0-9_]{{20,}})-(?:issue|merge)",
    ),
)  # fmt: skip
