"""What secrets look like, as data: the shapes that issuers publish, and what the words around a value tell.

Each kind is a name, the marks that a text holding such a secret has (any of them, in letters of either size), and a
shape. A group named ``value`` is what goes; without one the whole match does. Every repetition has an end, or a class
of characters that what follows it cannot match: a line of many megabytes takes time in proportion to its length.
"""

from __future__ import annotations

from typing import TypeAlias

Kind: TypeAlias = tuple[str, tuple[str, ...], str]

# where a secret may begin: not inside of a word, but right behind JSON's escapes, an URL's, and a colour code
START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=[\[;]\dm)|(?<=[\[;]\d\dm))"
# what begins as one issuer's secrets do and nothing else does; CCF410 judges these too, by what is in them
ISSUED: tuple[Kind, ...] = (
    (
        "private key",
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    ),
    ("anthropic key", ("sk-ant-",), r"sk-ant-[A-Za-z0-9_*-]{8,}"),
    ("openai key", ("sk-",), rf"{START}sk-[A-Za-z0-9_*-]{{12,}}"),
    (
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    ),
    ("aws key id", ("AKIA", "ASIA"), r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    ("google key", ("AIza",), r"AIza[A-Za-z0-9_-]{30,}"),
    ("slack token", ("xox",), r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("perplexity key", ("pplx-",), r"pplx-[A-Za-z0-9]{20,}"),
    ("jwt", ("eyJ",), rf"{START}eyJ[A-Za-z0-9_-]{{8,}}\.eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]*"),
    ("hugging face token", ("hf_",), r"hf_[A-Za-z0-9]{20,}"),
    ("gitlab token", ("glpat-",), r"glpat-[A-Za-z0-9_-]{16,}"),
    ("npm token", ("npm_",), r"npm_[A-Za-z0-9]{30,}"),
    ("groq key", ("gsk_",), r"gsk_[A-Za-z0-9]{20,}"),
    ("xai key", ("xai-",), r"xai-[A-Za-z0-9]{20,}"),
    ("stripe key", ("sk_live_", "rk_live_"), r"[rs]k_live_[A-Za-z0-9]{16,}"),
    ("elevenlabs key", ("sk_",), rf"{START}sk_[0-9a-f]{{40,}}"),
)
# the same, for redaction alone; what begins with too few letters needs its issuer's name beside it
SHAPED: tuple[Kind, ...] = (
    ("openrouter key", ("sk-or-",), rf"{START}sk-or-[A-Za-z0-9_*-]{{12,}}"),
    (
        # its first line alone: what DER has for version 0 behind a length; OpenSSH's name of its format
        "private key",
        ("mii", "mhccaqee", "mhqcaqee", "mighageambmg", "mc4caqawbqydk2vw", "b3blbnnzac1rzxk"),
        (
            rf"{START}(?:MII[A-Za-z0-9+/]{{2}}[AQgw]IBA[AD]|MHcCAQEE|MHQCAQEE|MIGHAgEAMBMG|MC4CAQAwBQYDK2Vw|"
            r"b3BlbnNzaC1rZXk)[A-Za-z0-9+/]{20,}={0,2}(?:(?:\\+[rn]|\s)+[A-Za-z0-9+/]{16,}={0,2})*"
        ),
    ),
    (
        # its last lines alone
        "private key",
        ("private key-----",),
        r"(?<![A-Za-z0-9+/=\\\r\n])[A-Za-z0-9+/=\\\r\n]{40,12000}-----END [A-Z ]{0,20}PRIVATE KEY-----",
    ),
    (
        # the same in base64, as a kubeconfig holds it
        "private key",
        ("ls0tls1crudjti",),
        (
            r"LS0tLS1CRUdJTi(?:BSU0EgUFJJVkFURS|BQUklWQVRFI|BPUEVOU1NIIFBSSVZBVEUg|BFQyBQUklWQVRFI|BFTkNSWVBURUQg)"
            r"[A-Za-z0-9+/]+=*"
        ),
    ),
    ("age key", ("age-secret-key-",), r"AGE-SECRET-KEY-[A-Z0-9]{40,}"),
    ("sendgrid key", ("sg.",), rf"{START}SG\.[A-Za-z0-9_-]{{16,64}}\.[A-Za-z0-9_-]{{16,}}"),
    (
        "twilio key",
        ("twilio",),
        rf"{START}SK[0-9a-f]{{32}}(?![A-Za-z0-9])",
    ),
    ("google oauth token", ("ya29.",), rf"{START}ya29\.[A-Za-z0-9_-]{{20,}}"),
    (
        "google refresh token",
        ("1//", "1\\/"),
        r"(?<![A-Za-z0-9_/.:-])1(?:\\*/){2}0[A-Za-z0-9_-]{30,}",
    ),
    ("google client secret", ("gocspx-",), rf"{START}GOCSPX-[A-Za-z0-9_-]{{20,}}"),
    ("telegram token", (":aa",), r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![A-Za-z0-9_-])"),
    (
        "discord token",
        ("discord", "bot "),
        rf"{START}[MNO][A-Za-z0-9_-]{{22,28}}\.[A-Za-z0-9_-]{{6}}\.[A-Za-z0-9_-]{{27,}}",
    ),
    (
        "webhook",
        ("webhook", "hooks.slack.com"),
        (
            r"(?i:discord(?:app)?\.com\\*/api(?:\\*/v\d+)?\\*/webhooks|hooks\.slack\.com\\*/(?:services|workflows|triggers)"
            r"|webhook\.office\.com\\*/webhookb2)\\*/(?P<value>[A-Za-z0-9_@-][A-Za-z0-9_@/\\-]{15,})"
        ),
    ),
    (
        "issued key",
        (
            "dop_v1_", "shpat_", "lin_api_", "sntrys_", "tvly-", "nvapi-", "pypi-ageic", "dckr_pat_", "hvs.", "whsec_",
            "sk_test_", "r8_", "xapp-",
        ),
        (
            rf"{START}(?:dop_v1_|shpat_|lin_api_|sntrys_|tvly-|nvapi-|pypi-AgEIc|dckr_pat_|hvs\.|whsec_|sk_test_|r8_|xapp-)"
            r"(?=[A-Za-z_-]{0,40}\d)[A-Za-z0-9_-]{20,}=*"
        ),
    ),
)  # fmt: skip

# a secret is named as a variable, a key of JSON (escaped any number of times), a header or a parameter is
GIVEN = r"\\*[\"']?\s*(?:=>|:=|[=:]|%3[DdAa])\s*"
# its first letter stands apart from its name: only so are all other letters skipped at the speed of a search
NAMED = (
    r"[AaEePpSsTt](?i:(?:(?<=a)(?:pi|ccess|uth)|(?<=p)rivate|(?<=s)(?:ubscription|igning)|(?<=e)ncryption)[_-]?key"
    r"|(?<=t)oken|(?<=s)ecrets?|(?<=p)assw(?:or)?ds?)\d*"
    rf"(?:[_-][A-Za-z0-9_-]{{0,40}})?{GIVEN}"
)
OPTION = r"--(?i:(?:[a-z]+-){0,3}(?:api-?key|token|secret|password))[\s\"',\\=]+(?=[^\s-])"
# what tells a value from a word: a digit in it, or that it is long and given to the name without a space
BODY = r"[^\s\"',;\[\]{}$<>\\]"
WITH_DIGIT = rf"(?=[^\s\"'\[]{{0,500}}[0-9])(?!\d+(?![^\s\"',;\[\]{{}}$<>\\])){BODY}{{12,}}"
LETTERS = r"(?![A-Z_]+(?![A-Za-z0-9]))[A-Za-z0-9+/_-]{16,500}(?=[\s\"'\\,;&}=]|$)=*"
# what stands for a value: a variable, a gap to be filled in, a word of a description
NO_VALUE = (
    r"(?![A-Z_]+(?![A-Za-z0-9])|(?i:your|my|some|the)[ _-]|(?i:null|none|nil|undefined|true|false|required|optional"
    r"|string|str|bytes|changeme|example|placeholder|token|password|secret|redacted|x+)(?![A-Za-z0-9]))"
)
# of these every name of a secret has one
NAMES = (
    "apikey", "api-key", "api_key", "access_key", "access-key", "accesskey", "auth_key", "auth-key", "authkey",
    "private_key", "private-key", "privatekey", "subscription-key", "subscription_key", "signing_key", "signing-key",
    "encryption_key", "token", "secret", "passw",
)  # fmt: skip
# words of which a text in quotation marks has one where it is about a password, and none itself
TALK = (
    r"password|passphrase|required|must|should|enter|your|invalid|is|are|was|the|an?|not|no|please|field|characters|"
    r"incorrect|wrong|reset|forgot|change|for|of|to|with|and|or"
)
# of commands that are given a password: the rest of theirs, and what may be one
REST = r"(?:(?!mysql|mariadb)[^\n|;&])"
GIVEN_TO_OPTION = rf"{NO_VALUE}(?![$<%{{\[(`-])[^\s\"'\\;|&)]{{3,}}"
MYSQL = r"(?i:mysql|mariadb)[A-Za-z_-]{0,12}(?=[\s\"'\\])"
SCHEMES = r"bearer|basic|token|api-?key|key|bot|digest|negotiate"
# what only its surroundings tell
GENERIC: tuple[Kind, ...] = (
    (
        "authorization",
        ("bearer", "basic", "authorization"),
        (
            rf"(?i:{START}(?:bearer|basic|authorization\\*[\"']?\s*[=:]\s*\\*[\"']?(?:{SCHEMES})))\s+"
            r"(?P<value>(?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{16,}=*)"
        ),
    ),
    (
        # the user of telemetry, in either of its forms: an object's key, or a pair of key and value
        "account",
        ("user.", "organization."),
        (
            r"(?<![A-Za-z0-9])(?:(?:end)?user|organization)\.[a-z_.]{2,30}\\*[\"'](?:,\s*\\*[\"']value\\*[\"']\s*:\s*\{"
            r"\s*\\*[\"']stringValue\\*[\"'])?\s*:\s*\\*[\"'](?P<value>(?!\[redacted)[^\"'\\{}]{1,300})(?=\\*[\"'])"
        ),
    ),
    (
        # a header says what follows: letters alone, and few of them, will do
        "authorization",
        ("authorization",),
        (
            rf"(?i:authorization){GIVEN}\\*[\"']?(?i:(?:{SCHEMES})(?:\s+|%20|\+))"
            rf"(?P<value>{NO_VALUE}(?!(?i:auth|access|realm|scheme|header))[A-Za-z0-9._~+/-]{{8,}}=*)"
        ),
    ),
    (
        "authorization",
        ("authorization",),
        rf"(?i:authorization){GIVEN}\\*[\"']?(?P<value>(?=[A-Za-z0-9._~+/-]{{0,99}}\d)[A-Za-z0-9._~+/-]{{16,}}=*)",
    ),
    (
        "password in url",
        ("://", ":\\/"),
        r":(?<=[A-Za-z0-9]:)(?:\\*/){2}[^\s/:@\"']{0,200}:(?P<value>[^\s/\"'\[\]]+)@",
    ),
    (
        "token in url",
        ("://", ":\\/"),
        r"(?i:https?|git|ssh):(?:\\*/){2}(?P<value>(?=[^\s/:@\"']{0,99}\d)[A-Za-z0-9_.~%-]{20,200})@",
    ),
    ("environment secret", NAMES, rf"{NAMED}\\*[\"']?(?P<value>{WITH_DIGIT})"),
    ("secret", NAMES, rf"{NAMED}(?:(?<==)|(?<=%3[Dd])|(?=\\*[\"']))\\*[\"']?(?P<value>{LETTERS})"),
    ("option", NAMES, rf"{OPTION}(?P<value>{WITH_DIGIT}|{LETTERS})"),
    (
        "environment secret",
        ("_key",),
        (
            r"(?<![A-Z0-9_])(?!(?:[A-Z0-9]{1,30}_){0,4}(?:PUB|CACHE|PRIMARY|FOREIGN|SORT|PARTITION|HASH|IDEMPOTENCY))"
            rf"[A-Z][A-Z0-9_]{{0,60}}_KEY(?:_[A-Z0-9_]{{1,20}})?{GIVEN}\\*[\"']?(?P<value>{WITH_DIGIT})"
        ),
    ),
    (
        "azure key",
        ("accountkey", "sharedaccess"),
        r"(?i:AccountKey|SharedAccessKey|SharedAccessSignature)(?:=|%3[Dd])(?P<value>[A-Za-z0-9+/%&=._-]{16,})",
    ),
    (
        "parameter of url",
        ("key=", "sig=", "signature=", "token=", "credential=", "auth=", "secret=", "password=", "pwd=", "code="),
        (
            r"(?i:(?:[?&]|\\u0026|%3f|%26|&amp;)(?:(?:x-(?:amz|goog)-)?(?:signature|credential|security-token)|sig|key|auth"
            r"|(?:access|refresh|id|auth|api)?[_-]?token|client_secret|secret|password|passwd|pwd|code)=)"
            r"(?P<value>(?=[A-Za-z0-9._~%+/-]{0,99}\d)[A-Za-z0-9._~%+/-]{8,}=*|[A-Za-z0-9._~%+/-]{24,}=*)"
        ),
    ),
    (
        "cookie",
        ("cookie",),
        (
            r"(?i:(?:set-)?cookie)\\*[\"']?\s*:\s*\\*[\"']?(?P<value>[A-Za-z0-9_.-]{1,80}=[^\s\"'\\;]{8,}"
            r"(?:;[^\r\n\"'\\]{0,4000})?)"
        ),
    ),
    (
        "password",
        ("curl",),
        (
            r"(?i:curl)(?=[\s\"'.])(?:(?!curl)[^\n|]){0,600}?[\s\"'](?:-[a-zA-Z]{0,5}[uU]|--(?:proxy-)?user)[\s=\"',\\]{0,6}"
            r"(?!\$)[^\s:\"'\\]{1,100}:(?P<value>(?![$/\[])[^\s\"'\\]{3,})"
        ),
    ),
    # behind a user any value, without one no plain word: -port and -parents are options of other commands
    (
        "password",
        ("mysql", "mariadb"),
        (
            rf"{MYSQL}(?:{REST}{{0,300}}?[\s\"'\\])?(?:-u|--user){REST}{{0,200}}?[\s\"']-p\\*[\"']?"
            rf"(?P<value>(?!ort\b){GIVEN_TO_OPTION})"
        ),
    ),
    (
        "password",
        ("mysql", "mariadb"),
        (
            rf"{MYSQL}(?:{REST}{{0,300}}?[\s\"'])?(?<=[\s\"'])-p\\*[\"']?"
            rf"(?P<value>(?=[^\s\"'\\]{{0,99}}[^a-z\s\"'\\])(?!\d+:\d){GIVEN_TO_OPTION})"
        ),
    ),
    (
        "password",
        ("docker login", "podman login"),
        rf"(?:docker|podman) login\s{REST}{{0,200}}?(?<=\s)-p\s*\\*[\"']?(?P<value>{GIVEN_TO_OPTION})",
    ),
    (
        "password",
        ("redis-cli",),
        rf"redis-cli\s(?:{REST}{{0,200}}?\s)?-a\s*\\*[\"']?(?P<value>{GIVEN_TO_OPTION})",
    ),
    ("password", ("sshpass",), r"(?i:sshpass)\s+-p\s*\\*[\"']?(?P<value>(?![$\[])[^\s\"'\\]{3,})"),
    (
        "password",
        ("passw",),
        (r"(?i:machine)\s+[^\s\"'\\]{1,200}(?:\s|\\n){1,20}(?i:login|account)\s+[^\s\"'\\]{1,200}(?:\s|\\n){1,20}"
        r"(?i:password)[ \t]+(?P<value>(?!\[)[^\s\"'\\]{4,})"),
    ),
    (
        "password",
        ("passw",),
        rf"(?i:passw(?:or)?d)\\*[\"']?\s*[=:]\s*\\*[\"']?(?P<value>(?=\S{{0,100}}[0-9]){BODY}{{6,}})",
    ),
    (
        # a variable of a shell: whatever it is given
        "password",
        ("passw", "passphrase", "_pass", "dbpass", "pgpass", "sshpass", "_pwd", "_passwd"),
        (
            r"(?:PASSWORD|PASSPHRASE|PASSWD|(?:_|DB|PG|SSH)PASS|_PWD)(?:=\\*[\"']?|\\*[\"']\s?:\s?\\*[\"'])"
            rf"(?P<value>{NO_VALUE}(?![$</.\[{{%(]){BODY}{{4,}})"
        ),
    ),
    (
        "password",
        ("passw", "passphrase"),
        (r"(?i:passw(?:or)?d|passphrase)\\*[\"']?\s*[=:]\s*(?P<q>\\*[\"'])(?P<value>(?=\S{0,99}[!@#%^&*?~+])(?![$<{%(/.])"
        r"[A-Za-z0-9!@#%^&*?~+._-]{6,100})(?P=q)"),
    ),
    (
        "password",
        ("passw", "passphrase"),
        (
            rf"(?i:passw(?:or)?d|passphrase)\\*[\"']?\s*[=:]\s*(?P<q>\\*[\"'])(?![^\"'\n]{{0,200}}\b(?i:{TALK})\b)"
            r"(?P<value>[^\s\"'\\,;:(){}\[\]<>$]{2,40}(?: [^\s\"'\\,;:(){}\[\]<>$]{1,40}){1,11})(?P=q)"
        ),
    ),
    (
        # the same in small letters, as a configuration or a program has it: not a call, and not a word
        "password",
        ("_pass", "dbpass"),
        (
            r"(?i:(?<![A-Za-z])(?:db|smtp|mail|ftp|ssh|redis|mysql|postgres|pg|admin|root|user|http|proxy)_?pass)"
            rf"(?:=\\*[\"']?|\\*[\"']?\s?[:=]\s?\\*[\"'])"
            rf"(?P<value>{NO_VALUE}(?=[^\s\"']{{0,99}}\d)(?![$</.\[{{%(]|[\w.]+\(){BODY}{{6,}})"
        ),
    ),
    ("password", (";pwd=", "; pwd="), rf"(?i:;\s?pwd=)(?P<value>(?![/~.]){BODY}{{4,}})"),
    ("credential of npm", ("_auth",), r"(?<![A-Za-z0-9])_auth\s*=\s*\\*[\"']?(?P<value>[A-Za-z0-9+/]{8,}=*)"),
    ("private key", ("client-key-data",), r"client-key-data\\*[\"']?:\s*\\*[\"']?(?P<value>[A-Za-z0-9+/]{16,}=*)"),
)  # fmt: skip
# a whole block before its last lines, and of keys that begin alike the longer beginning first
KINDS: tuple[Kind, ...] = (*SHAPED[:1], *ISSUED, *SHAPED[1:], *GENERIC)
