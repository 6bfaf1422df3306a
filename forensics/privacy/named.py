"""Secrets that their names tell, as data: variables, fields, headers, options, cookies, fields of markup."""

from __future__ import annotations

import re

from forensics.privacy.kind import BODY, GIVEN, NO_VALUE, QUOTED, START, Kind
from forensics.privacy.values import (
    is_code,
    is_drawn,
    is_mixed,
    is_name,
    is_name_of_type,
    is_placeholder,
    is_setting,
)

# a name's first letter stands apart from it: only so are all other letters skipped at the speed of a search
NAMED = (
    r"[AaEePpSsTt](?i:(?:(?<=a)(?:pi|ccess|uth)|(?<=p)rivate|(?<=s)(?:ubscription|igning)|(?<=e)ncryption)[_-]?key"
    r"|(?<=t)oken|(?<=s)ecrets?|(?<=p)assw(?:or)?ds?)\d*"
    rf"(?P<rest>(?:[_-][A-Za-z0-9_-]{{0,40}})?){GIVEN}"
)
OPTION = r"--(?i:(?:[a-z]+-){0,3}(?:api-?key|token|secret|password))[\s\"',\\=]+(?=[^\s-])"
# what tells a value from a word: a digit in it, or that it is long and given to the name without a space
WITH_DIGIT = rf"(?=[^\s\"'\[]{{0,500}}[0-9])(?!\d+(?![^\s\"',;\[\]{{}}$<>\\])){BODY}{{12,}}"
LETTERS = r"(?![A-Z_]+(?![A-Za-z0-9]))[A-Za-z0-9+/_-]{16,500}(?=[\s\"'\\,;&}=]|$)=*"
# of these every name of a secret has one
NAMES = (
    "apikey", "api-key", "api_key", "access_key", "access-key", "accesskey", "auth_key", "auth-key", "authkey",
    "private_key", "private-key", "privatekey", "subscription-key", "subscription_key", "signing_key", "signing-key",
    "encryption_key", "token", "secret", "passw",
)  # fmt: skip
# names that tell a secret only beside a value that was drawn
_DRAWN = (
    r"(?<=s)(?:alt|ession_?key)|(?<=p)(?:epper|sk|at|ass(?:code|phrase)?|wd)|(?<=c)red(?:ential)?s?|(?<=d)sn"
    r"|(?<=l)icense_?key|(?<=a)uth"
)
# at the begin of a word: of a name written with lines, or in humps
BESIDE_DRAWN = rf"[SsPpCcDdLlAa](?:(?<![A-Za-z].)|(?<=[a-z][A-Z])|(?<=[A-Z]_.))(?i:{_DRAWN})"
# behind a name of a secret: what is told about it, and not it
ABOUT = re.compile(
    r"(?i)[_-](?:expir\w*|at|count|limit|usage|used|budget|type|file|path|dir|url|uri|name|names|length|len|size|ttl|age"
    r"|endpoint|version|prefix|suffix|policy|field|header|param|env|var|label|format|status|ref|index|rotation|max|min)$"
)
# words of which a text in quotation marks has one where it is about a password, and none itself
TALK = (
    r"password|passphrase|required|must|should|enter|your|invalid|is|are|was|the|an?|not|no|please|field|characters|"
    r"incorrect|wrong|reset|forgot|change|for|of|to|with|and|or"
)
SCHEMES = r"bearer|basic|token|api-?key|key|bot|digest|negotiate"
HEADERS = (
    r"(?<![A-Za-z0-9])(?:x-(?:[a-z]{1,20}-){0,4}(?:key|token|secret|auth)|(?:private|job|deploy|csrf|xsrf)-token|api-key"
    r"|ocp-apim-subscription-key|dd-a[a-z]{2,10}-key|apikey)"
)
LONG_WORD = 20  # letters of the longest word that a header may have for a value


def _is_bare(found: re.Match[str]) -> bool:
    """Say whether a value stands without quotation marks."""
    return found.string[found.start("value") - 1] not in "\"'`"


def _is_value(found: re.Match[str]) -> bool:
    if ABOUT.search(found["rest"]):
        return False
    value = found["value"]
    if is_placeholder(value) or is_setting(value) or is_name_of_type(found.string, found.start()):
        return False
    if not _is_bare(found):
        return True
    spaced = found.string[found.start("value") - 1].isspace()
    return not is_code(value) and not (spaced and is_name(value)) and not _is_call(found)


def _is_call(found: re.Match[str]) -> bool:
    """Say whether what was taken for a value goes on as a call or a member of a table does."""
    return found.string[found.end() : found.end() + 1] in ("(", "[") and is_name(found["value"])


def _is_password(found: re.Match[str]) -> bool:
    return not is_placeholder(found["value"]) and not (_is_bare(found) and is_code(found["value"]))


def _is_drawn_value(found: re.Match[str]) -> bool:
    return is_drawn(found["value"]) and not is_code(found["value"]) and not is_name(found["value"])


def _is_mixed_value(found: re.Match[str]) -> bool:
    return is_mixed(found["value"]) and not _is_call(found)


def _is_said(found: re.Match[str]) -> bool:
    value = found["value"]
    return _is_drawn_value(found) and any(map(str.isalpha, value)) and any(map(str.isdigit, value))


def _is_in_header(found: re.Match[str]) -> bool:
    value = found["value"]
    if is_name_of_type(found.string, found.start()):
        return False
    return is_drawn(value) or (len(value) > LONG_WORD and value.isalpha())


BY_NAME: tuple[Kind, ...] = (
    Kind("environment secret", NAMES, rf"{NAMED}{QUOTED}(?P<value>{WITH_DIGIT})", _is_value),
    Kind(
        "secret", NAMES, rf"{NAMED}(?:(?<==)|(?<=%3[Dd])|(?=\\*[\"']))\\*[\"']?(?P<value>{LETTERS})", _is_value
    ),
    Kind("secret", NAMES, rf"{NAMED}{QUOTED}(?P<value>[A-Za-z0-9+/_-]{{16,500}}={{0,2}})(?![\w.+/-])", _is_mixed_value),
    Kind("option", NAMES, rf"{OPTION}(?P<value>{WITH_DIGIT}|{LETTERS})"),
    Kind(
        "option",
        ("--pass",),
        r"--pass(?:word|phrase|wd)?[\s=\\]{1,4}(?P<q>\\*[\"'])(?P<value>(?![$<{])[^\"'\\\n]{4,200})(?P=q)",
    ),
    Kind(
        "environment secret",
        ("salt", "pepper", "psk", "pat", "pass", "pwd", "cred", "dsn", "license", "session", "auth"),
        rf"{BESIDE_DRAWN}\d*{GIVEN}{QUOTED}(?P<value>[A-Za-z0-9+/_.~-]{{16,500}}={{0,2}})(?![\w(])",
        _is_drawn_value,
    ),
    Kind(
        "environment secret",
        ("_key",),
        (
            r"(?<![A-Z0-9_])(?!(?:[A-Z0-9]{1,30}_){0,4}(?:PUB|CACHE|PRIMARY|FOREIGN|SORT|PARTITION|HASH|IDEMPOTENCY))"
            rf"[A-Z][A-Z0-9_]{{0,60}}_KEY(?P<rest>(?:_[A-Z0-9_]{{1,20}})?){GIVEN}\\*[\"']?(?P<value>{WITH_DIGIT})"
        ),
        _is_value,
    ),
    Kind(
        "environment secret",
        ("x-", "-token", "api-key", "apikey", "dd-a"),
        rf"(?i:{HEADERS})\\*[\"']?\s*[:=]\s*\\*[\"']?(?P<value>{NO_VALUE}[A-Za-z0-9._~+/=-]{{16,2000}})(?![(\w])",
        _is_in_header,
    ),
    # markup: an element of that name, or one whose key says it
    Kind(
        "secret",
        ("</",),
        (
            r"<(?:\w{1,40}:)?(?:[A-Za-z]{0,30}(?i:password|passwd|secret|token|api_?key|access_?key|passphrase))"
            r"(?:\s[^<>]{0,200})?>\s{0,20}(?P<value>(?!\s)(?![$%{@(#])[^<>\s]{6,500})\s{0,20}</"
        ),
    ),
    Kind(
        "secret",
        ("value=", "value\\"),
        (
            r"(?:key|name)=\\*[\"'][\w.:-]{0,60}(?i:password|passwd|secret|token|api_?key|access_?key)[\w.-]{0,20}\\*[\"']"
            rf"\s+value=\\*[\"'](?P<value>{NO_VALUE}(?![$%{{@(#])[^\"'<>\s\\]{{6,500}})"
        ),
    ),
    Kind(
        "environment secret",
        ("auth",),
        r"[\"']auth\\*[\"']\s*:\s*\\*[\"'](?P<value>[A-Za-z0-9+/]{12,}={0,2})(?=\\*[\"'])",
    ),
    # said in a sentence
    Kind(
        "password",
        ("password", "passcode", "passphrase", "secret", "token", "api key"),
        (
            r"(?i:password|passcode|passphrase|secret|token|api key)\s+(?i:is|was|=)\s*:?\s*\\*[\"'`]?"
            r"(?P<value>[^\s\"'`<>\[\]{}\\]{8,200})"
        ),
        _is_said,
    ),
)  # fmt: skip
PASSWORDS: tuple[Kind, ...] = (
    Kind(
        "password",
        ("passw",),
        rf"(?i:passw(?:or)?d)\\*[\"']?\s*[=:]\s*\\*[\"']?(?P<value>(?=\S{{0,100}}[0-9]){BODY}{{6,}})",
        _is_password,
    ),
    Kind(
        # a variable of a shell: whatever it is given
        "password",
        ("passw", "passphrase", "_pass", "dbpass", "pgpass", "sshpass", "_pwd", "_passwd"),
        (
            r"(?:PASSWORD|PASSPHRASE|PASSWD|(?:_|DB|PG|SSH)PASS|_PWD)(?:=\\*[\"']?|\\*[\"']\s?:\s?\\*[\"'])"
            rf"(?P<value>{NO_VALUE}(?![|$</.\[{{%(]){BODY}{{4,}})"
        ),
        _is_password,
    ),
    Kind(
        "password",
        ("passw", "passphrase"),
        (r"(?i:passw(?:or)?d|passphrase)\\*[\"']?\s*[=:]\s*(?P<q>\\*[\"'])(?P<value>(?=\S{0,99}[!@#%^&*?~+])(?![$<{%(/.])"
        r"[A-Za-z0-9!@#%^&*?~+._-]{6,100})(?P=q)"),
    ),
    Kind(
        "password",
        ("passw", "passphrase"),
        (
            rf"(?i:passw(?:or)?d|passphrase)\\*[\"']?\s*[=:]\s*(?P<q>\\*[\"'])(?![^\"'\n]{{0,200}}\b(?i:{TALK})\b)"
            r"(?P<value>[^\s\"'\\,;:(){}\[\]<>$]{2,40}(?: [^\s\"'\\,;:(){}\[\]<>$]{1,40}){1,11})(?P=q)"
        ),
    ),
    Kind(
        # the same in small letters, as a configuration or a program has it: not a call, and not a word
        "password",
        ("_pass", "dbpass"),
        (
            r"(?i:(?<![A-Za-z])(?:db|smtp|mail|ftp|ssh|redis|mysql|postgres|pg|admin|root|user|http|proxy)_?pass)"
            rf"(?:=\\*[\"']?|\\*[\"']?\s?[:=]\s?\\*[\"'])"
            rf"(?P<value>{NO_VALUE}(?=[^\s\"']{{0,99}}\d)(?![$</.\[{{%(]|[\w.]+\(){BODY}{{6,}})"
        ),
    ),
    Kind("password", (";pwd=", "; pwd="), rf"(?i:;\s?pwd=)(?P<value>(?![/~.]){BODY}{{4,}})"),
)  # fmt: skip
IN_HEADERS: tuple[Kind, ...] = (
    Kind(
        "authorization",
        ("bearer", "basic", "authorization"),
        (
            rf"(?i:{START}(?:bearer|basic|(?<![A-Za-z])authorization\\*[\"']?\s*[=:]\s*\\*[\"']?(?:{SCHEMES})))\s+"
            r"(?P<value>(?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{16,}=*)"
        ),
    ),
    Kind(
        # the user of telemetry, in either of its forms: an object's key, or a pair of key and value
        "account",
        ("user.", "organization."),
        (
            r"(?<![A-Za-z0-9])(?:(?:end)?user|organization)\.[a-z_.]{2,30}\\*[\"'](?:,\s*\\*[\"']value\\*[\"']\s*:\s*\{"
            r"\s*\\*[\"']stringValue\\*[\"'])?\s*:\s*\\*[\"'](?P<value>(?!\[redacted)[^\"'\\{}]{1,300})(?=\\*[\"'])"
        ),
    ),
    Kind(
        # a header says what follows: letters alone, and few of them, will do
        "authorization",
        ("authorization", "extraheader"),
        (
            rf"(?i:(?<![A-Za-z])authorization){GIVEN}\\*[\"']?(?i:(?:{SCHEMES})(?:\s+|%20|\+))"
            rf"(?P<value>{NO_VALUE}(?!(?i:auth|access|realm|scheme|header))[A-Za-z0-9._~+/-]{{8,}}=*)"
        ),
    ),
    Kind(
        "authorization",
        ("authorization",),
        rf"(?i:(?<![A-Za-z])authorization){GIVEN}\\*[\"']?(?P<value>(?=[A-Za-z0-9._~+/-]{{0,99}}\d)[A-Za-z0-9._~+/-]{{16,}}=*)",
    ),
    Kind(
        "cookie",
        ("cookie",),
        r"(?i:(?:set-)?cookie)\\*[\"']?\s*:\s*\\*[\"']?(?P<value>[A-Za-z0-9_.-]{1,80}=(?=[^\r\n\"'\\]{0,500}[^\s\"'\\;=]{8})[^\r\n\"'\\]{8,4000})",
    ),
    Kind(
        "cookie",
        ("sess", "connect.sid", "csrftoken"),
        (
            r"(?:_[a-z]{2,30}_session|connect\.sid|PHPSESSID|JSESSIONID|ASP\.NET_SessionId|sessionid|laravel_session"
            rf"|csrftoken)(?:=|%3[Dd])(?P<value>{BODY}{{16,2000}})"
        ),
    ),
    Kind("credential of npm", ("_auth",), r"(?<![A-Za-z0-9])_auth\s*=\s*\\*[\"']?(?P<value>[A-Za-z0-9+/]{8,}=*)"),
)  # fmt: skip
