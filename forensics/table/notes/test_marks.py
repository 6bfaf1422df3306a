"""What tells a credential that was made for a test: its own claims, or the words that stand around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# names that nobody can own (RFC 2606, RFC 6761), and one's own machine
HOST = (
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|(?:[a-z0-9-]+\.)*example\.(?:com|org|net|edu)|"
    r"(?:[a-z0-9-]+\.)+(?:test|example|invalid|localhost)|test\.(?:com|org|net))"
)
RESERVED = re.compile(rf"(?i)(?:^|[@/\s])({HOST})(?=$|[:/\s])")
# whose token it is and for whom, where a word says that both are a test's
ABOUT = ("iss", "aud", "sub", "email", "env", "environment", "username", "user", "name", "preferred_username")
TEST = re.compile(
    r"(?i)(?<![a-z])(?:tests?|tester|testing|test-?users?|mock|dummy|fake|e2e|sandbox)(?![a-z])"
)
AROUND = 240  # bytes on either side that belong to a credential
MADE = re.compile(
    rb"(?i)\b(?:generated|created|made|used|meant) (?:only |just |solely )?(?:for|in|by) (?:the |our |its )?"
    rb"(?:unit |integration |e2e |automated )?tests?\b|"
    rb"\b(?:test|dummy|fake|mock|throw-?away)[ _-](?:only[ _-])?(?:rsa |ec |ssh |private |signing |api |access )*"
    rb"(?:key ?pair|key|token|secret|credential|cert(?:ificate)?)s?\b|"
    rb"\bnot (?:a )?real (?:key|token|secret|credential)s?\b|"
    rb"[\\/](?:tests?|__tests__|testdata|spec|fixtures)[\\/][\w.\\/-]{0,80}\.(?:pem|key|crt|json|env|ya?ml)\b"
)
URL = re.compile(rb"(?i)https?:(?:\\*/){2}([^\s\"'\\/?#]+)")
OWN_HOST = re.compile(rf"(?i){HOST}(?::\d+)?$")


def in_claims(claims: Mapping[str, object]) -> str:
    """Return the words of a token's claims that say that it is a test's; nothing where none do."""
    for name, value in _texts(claims):
        found = RESERVED.search(value)
        if found is not None:
            return str(found[1]).lower()
        if name in ABOUT and (said := TEST.search(value)) is not None:
            return str(said[0]).lower()
    return ""


def _texts(claims: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in claims.items():
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str):
                yield name.lower(), text


def around(data: bytes, begin: int, end: int, *, is_issued: bool) -> str:
    """Return the words around a credential that say that it is a test's: in its own line, and near it.

    What a known issuer gave out may be sent to one's own machine: a proxy stands there.
    """
    line = data[max(data.rfind(b"\n", 0, begin) + 1, begin - AROUND) : begin]
    after = data[end : end + AROUND].partition(b"\n")[0]
    said = MADE.search(line) or MADE.search(after)
    if said is not None:
        return str(said[0], "ascii", "replace").lower()
    hosts: list[str] = [
        host.decode("ascii", "replace") for part in (line, after) for host in URL.findall(part)
    ]
    if not is_issued and hosts and all(map(OWN_HOST.match, hosts)):
        return hosts[0].lower()
    return ""
