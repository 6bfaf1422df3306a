"""Credentials in the bytes of a log: of which kind, where, how long; never their characters.

Each piece of a file is searched once, while a parser reads it: one pass finds the marks that every credential of a
known kind holds, and only there the shapes of ``redact`` are tried. What looks like one must also be random as one:
documentation, tests and placeholders are full of the shapes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from forensics.evidence.batch import Batch
from forensics.formats.jsonl import decoded
from forensics.privacy.kind import START
from forensics.privacy.secret_kinds import ISSUED
from forensics.schema import FIRST_NOTE, LAST_ORDINAL, UUID, EventKind, Row, TsQuality
from forensics.table.notes.test_marks import around, in_claims

# what is public of an issuer's key: how it begins
PREFIX = re.compile(
    rb"sk-(?:ant-(?:api\d\d-|admin\d\d-|oat\d\d-)?|proj-|svcacct-|admin-|or-v1-)?"
    rb"|gh[pousr]_|github_pat_|AKIA|ASIA|AIza|xox[abcdeoprs]-|pplx-|eyJ|hf_|glpat-|npm_|gsk_|xai-|[rs]k_live_|sk_"
)
PRIVATE, JWT = "private key", "jwt"
BLOCK_BYTES = 12_000  # of a private key's block, escapes and quotation marks included
# so many characters has the rest of a key at least, as its issuer makes it; shorter ones are cut or invented
LEAST = {
    "anthropic key": 32, "openai key": 32, "github token": 36, "aws key id": 16, "google key": 35,
    "slack token": 24, "perplexity key": 40, "hugging face token": 30, "gitlab token": 20, "npm token": 36,
    "groq key": 40, "xai key": 40, "stripe key": 24, "elevenlabs key": 40,
}  # fmt: skip
# a variable as environments and their configurations name it, with its value; a header
NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
VARIABLE = re.compile(
    rb"(?P<name>[A-Z][A-Z0-9_]{0,40}(?:" + "|".join(NAMES).encode() + rb"))\\*[\"']?\s?[=:]\s?\\*[\"']?"
    rb"(?P<value>[A-Za-z0-9+/_=.~-]{20,500})(?=[\s\"'\\,;&})]|$)"
)
BEARER = re.compile(rb"(?i:bearer) (?P<value>[A-Za-z0-9._~+/-]{20,500}=*)")
BASIC = re.compile(rb"(?i:basic) (?P<value>[A-Za-z0-9+/]{12,500}={0,2})(?![A-Za-z0-9+/=])")
HEADER_MARKS = ("Bearer ", "bearer ", "Basic ", "basic ")
NAME_MARKS = tuple(f"{name}{end}" for name in NAMES for end in ("=", '"', "'", "\\"))
MARKS = (
    *(mark for kind in ISSUED for mark in kind.marks),
    *HEADER_MARKS,
    *NAME_MARKS,
)
# of marks that begin alike the shortest is enough; a search for the leftmost one is by far the fastest
SOUGHT = [mark for mark in MARKS if not any(mark != other and mark.startswith(other) for other in MARKS)]
LONGEST_MARK = max(len(mark) for mark in MARKS)
PIECE = 1024 * 1024
BEHIND = 60  # bytes before a variable's last word, or a private key's, in which it begins
BLOCK = re.compile(rb"PRIVATE KEY-----(?P<body>[A-Za-z0-9+/=\s\\>|:,-]{0,12000})")
BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{40,}")
UUID_ONLY = re.compile(UUID.encode())
# variables whose values may be shown, or are no credential
HARMLESS = re.compile(rb"PUBLI|CACHE|PRIMARY|FOREIGN|SORT|PARTITION|HASH|IDEMPOTENCY")
LONGEST = 4096  # what is longer is no key, but for a private one
DUMMY = re.compile(
    rb"(?i)example|your|dummy|fake|sample|placeholder|redacted|change_?me|replace|insert|secret|token|password"
    rb"|invalid|foobar|deadbeef|xxxx|test|demo|mock|here|api.?key|not.?a|\.\.\."
)
BEGINS = re.compile(START.encode())
SAME = re.compile(rb"(.)\1{4,}", re.DOTALL)
RUN = re.compile(rb"[A-Za-z0-9]+")
SHORTEST_PASSWORD = 8
SIGNATURE = 40  # characters of the shortest signature in use
LAST_END = 4_102_444_800  # the year 2100: a later end is damage
# of other kinds so many characters are one credential's alone: the first of a private key are those of its kind
OWN = {PRIVATE: 160, "secret variable": 32, "bearer token": 32}
MASK = b"*"
VISIBLE = 16  # characters of a masked key that make it worth naming
# bits for each character: a random text has more than this, words and patterns have less; a short one has room for less
ENTROPY, HEX_ENTROPY, OF_LENGTH = 3.5, 2.9, 0.75
HEX = re.compile(rb"[0-9a-fA-F]+")
FEW_CAPITALS = 0.25
LONGEST_RUN = 12  # letters and digits side by side, at least
VARIED = 0.8  # of the pieces of three characters are different
ASCENDING = 5  # characters in the order of the alphabet or of numbers
ASCII_ONLY = bytes(range(128)) + b"?" * 128
MOST_IN_A_LINE = LAST_ORDINAL - 1 - FIRST_NOTE - 16


@dataclass(frozen=True, slots=True)
class _Seen:
    """A credential: where its characters begin, what they are, and what may be shown of it."""

    at: int
    kind: str
    value: bytes
    shown: bytes
    of_test: str = ""  # the words that say so
    issuer: str = ""  # of a web token
    ends: int | None = None  # a web token's, in seconds since 1970


def _by_mark() -> dict[str, list[tuple[str, re.Pattern[bytes]]]]:
    found: dict[str, list[tuple[str, re.Pattern[bytes]]]] = {}
    for kind in ISSUED:
        for mark in kind.marks:
            found.setdefault(mark, []).append((kind.name, re.compile(kind.shape.encode())))
    return found


SHAPES_OF = _by_mark()


class Scanner:
    """Looks at the pieces of one file as they are read, and keeps what it saw as rows of events."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._pieces: set[int] = set()  # the first lines of those that were searched
        self._on_line: Counter[int] = Counter()
        self._known: set[tuple[int, bytes]] = set()
        self._begun: tuple[int, bytes] | None = (
            None  # a private key's first lines, where a piece ends behind them
        )

    def look(self, batch: Batch) -> None:
        """Search one piece; one that was seen before is not searched again."""
        if batch.first_line in self._pieces:
            return
        self._pieces.add(batch.first_line)
        if self._begun is not None:
            line, begun = self._begun
            for seen in _credentials(begun + batch.data[:BLOCK_BYTES]):
                if seen.at < len(begun):
                    self._note(line, seen)
        found = sorted(_credentials(batch.data), key=lambda s: (s.at, s.kind not in LEAST))
        begin = batch.data.rfind(b"-----BEGIN ", len(batch.data) - BLOCK_BYTES)
        # one of which a line of its body was seen is known already
        is_open = (
            begin >= 0 and all(s.at != begin for s in found) and batch.data.find(b"-----END ", begin) < 0
        )
        ends = [m.start() for m in re.finditer(b"\n", batch.data)] if found or is_open else []
        numbers = batch.numbered(len(ends) + 1)
        for seen in found:
            self._note(numbers[bisect_left(ends, seen.at)], seen)
        self._begun = (numbers[bisect_left(ends, begin)], batch.data[begin:]) if is_open else None

    def _note(self, line: int, seen: _Seen) -> None:
        digest = _digest(seen.value[: _own(seen)])
        nth = self._on_line[line]
        if (line, seen.value) in self._known or nth >= MOST_IN_A_LINE:
            return
        self._known.add((line, seen.value))
        self._on_line[line] += 1
        self.rows.append(
            {
                "line": line,
                "ordinal": FIRST_NOTE + 16 + nth,
                "kind": EventKind.CREDENTIAL_SEEN.value,
                "component": seen.kind,
                "status": "masked" if MASK in seen.value else "whole",
                "count": len(seen.value),
                "text_sha": digest,
                "tool": _digest(seen.issuer.encode()) if seen.issuer else None,
                "text": seen.of_test or None,
                "total": seen.ends,
                "message": seen.shown.decode("ascii", "replace"),
                "ts_quality": TsQuality.MISSING.value,
            }
        )


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


def _own(seen: _Seen) -> int:
    """Return how many characters tell a credential from every other: a copy that was cut has them, too."""
    if seen.kind == JWT:
        return seen.value.rindex(b".") + 1 + SIGNATURE
    if seen.kind in LEAST and MASK not in seen.value:
        return len(seen.shown) + LEAST[seen.kind]
    return OWN.get(seen.kind, LONGEST)


def _credentials(data: bytes) -> Iterator[_Seen]:
    """Yield what looks like a live credential in ``data``, and whether a test's is said of it."""
    for seen in _live(data):
        if seen.of_test:
            yield seen
            continue
        begin, end = seen.at, seen.at + len(seen.value)
        yield replace(seen, of_test=around(data, begin, end, is_issued=seen.kind in {*LEAST, PRIVATE}))


def _live(data: bytes) -> Iterator[_Seen]:
    for at in _marked(data):
        head = data[at : at + 16].decode("latin-1")
        for mark, shapes in SHAPES_OF.items():
            if head.startswith(mark):
                for kind, shape in shapes:
                    yield from _private_key(data, at) if kind == PRIVATE else _issued(data, at, kind, shape)
        if head.startswith(NAME_MARKS):
            yield from _named(data, at)
        elif head.startswith(HEADER_MARKS):
            yield from _header(data, at)


def _marked(data: bytes) -> Iterator[int]:
    """Yield where a mark begins. Small pieces stay in the cache, and need no fresh memory each."""
    for begin in range(0, len(data), PIECE):
        piece = data[begin : begin + PIECE + LONGEST_MARK - 1]
        try:
            text = pl.Series([piece], dtype=pl.Binary).cast(pl.String)
        except (
            pl.exceptions.ComputeError
        ):  # not UTF-8, or cut inside of a character: offsets stay those of the bytes
            text = pl.Series([piece.translate(ASCII_ONLY).decode()])
        for at in text.str.find_many(SOUGHT, leftmost=True)[0].to_list():
            if at < PIECE:
                yield begin + at


def _issued(data: bytes, at: int, kind: str, shape: re.Pattern[bytes]) -> Iterator[_Seen]:
    found = shape.match(data, at) if BEGINS.match(data, at) else None
    if found is None or (kind == "openai key" and found[0].startswith(b"sk-ant-")):
        return
    value = found[0]
    prefix = PREFIX.match(value)
    begin = prefix.end() if prefix else 0
    body = value[begin:]
    if kind == JWT:
        yield from _web_token(at, value)
        return
    if MASK in body:
        visible = body.replace(MASK, b"")
        live = len(visible) >= VISIBLE and _is_random(visible)
    else:
        live = len(body) >= LEAST[kind] and _is_random(body, issued=kind != "openai key")
    if live:
        yield _Seen(at, kind, value, value[:begin])


def _private_key(data: bytes, at: int) -> Iterator[_Seen]:
    """Yield the block whose first line ends at a mark, if it has a body; its end may have been cut off."""
    begin = data.rfind(b"-----BEGIN ", max(0, at - BEHIND), at)
    block = BLOCK.match(data, at) if begin >= 0 and data.find(b"-----", begin + 11, at) < 0 else None
    if block is None:
        return
    letters = re.sub(rb"\\[nrt]|[^A-Za-z0-9+/=\s]", b"", block["body"].partition(b"-----END")[0])
    line = BASE64_LINE.search(letters)
    if line is not None and _is_random(line[0]):
        yield _Seen(begin, PRIVATE, re.sub(rb"\s", b"", letters), b"PRIVATE KEY-----")


def _web_token(at: int, value: bytes) -> Iterator[_Seen]:
    """Yield a token that can be one: signed, and neither jwt.io's example nor meant for the public."""
    head, claims, signature = value.split(b".")
    header, said = (decoded(_from_base64(part), dict[str, object]) for part in (head, claims))
    if header.get("alg") in (None, "none") or len(signature) < SIGNATURE:
        return
    if str(said.get("sub")) != "1234567890" and said.get("role") != "anon":
        ends, issuer = said.get("exp"), said.get("iss")
        yield _Seen(
            at,
            JWT,
            value,
            value[:3],
            of_test=in_claims(said),
            issuer=issuer if isinstance(issuer, str) else "",
            ends=int(ends) if isinstance(ends, (int, float)) and 0 < ends < LAST_END else None,
        )


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _named(data: bytes, at: int) -> Iterator[_Seen]:
    """Yield the value of a variable whose name ends behind ``at``."""
    before = re.search(rb"[A-Z][A-Z0-9_]{0,40}$|$", data[max(0, at - BEHIND) : at])
    found = VARIABLE.match(data, at - len(before[0] if before else b""))
    if found is None or found.end("name") <= at:
        return
    name, value = found["name"], found["value"]
    if not (PREFIX.match(value) or HARMLESS.search(name) or UUID_ONLY.fullmatch(value)) and _is_random(value):
        yield _Seen(found.start("value"), "secret variable", value, name)


def _header(data: bytes, at: int) -> Iterator[_Seen]:
    """Yield what an Authorization header carries; a key of a known issuer is found by its own shape."""
    bearer, basic = BEARER.match(data, at), BASIC.match(data, at)
    if bearer is not None and not PREFIX.match(bearer["value"]) and _is_random(bearer["value"]):
        yield _Seen(bearer.start("value"), "bearer token", bearer["value"], data[at : at + 6])
    if basic is not None:
        told = _from_base64(basic["value"])
        user, _, password = told.partition(b":")
        is_text = told.isascii() and told.decode().isprintable()
        if user and len(password) >= SHORTEST_PASSWORD and is_text and not DUMMY.search(told):
            yield _Seen(basic.start("value"), "basic credential", basic["value"], data[at : at + 5])


def _is_random(body: bytes, *, issued: bool = False) -> bool:
    """Say whether a text can have been drawn at random: no word, no pattern, no placeholder.

    What begins as only one issuer's keys do is ``issued``: no name of a class or a function looks so.
    """
    if len(body) > LONGEST or DUMMY.search(body) or SAME.search(body) or _ascends(body):
        return False
    has_digit = re.search(rb"\d", body) is not None
    if not re.search(rb"[A-Za-z]", body) or not (has_digit or (issued and _is_mixed(body))):
        return False
    if not issued and max((len(run) for run in RUN.findall(body)), default=0) < LONGEST_RUN:
        return False
    triples = [body[n : n + 3] for n in range(len(body) - 2)]
    if HEX.fullmatch(body) is None and len(set(triples)) < VARIED * len(triples):
        return False
    least = HEX_ENTROPY if HEX.fullmatch(body) else min(ENTROPY, OF_LENGTH * math.log2(len(body)))
    return _entropy(body) >= least


def _is_mixed(body: bytes) -> bool:
    """Say whether capitals are as frequent as chance has them, or the only letters: words have few."""
    capitals = sum(chr(b).isupper() for b in body) / len(body)
    return body.isupper() or FEW_CAPITALS <= capitals <= 1 - FEW_CAPITALS


def _ascends(body: bytes) -> bool:
    length = 1
    for one, other in pairwise(body):
        length = length + 1 if other == one + 1 else 1
        if length >= ASCENDING:
            return True
    return False


def _entropy(body: bytes) -> float:
    counts = Counter(body).values()
    return -sum(n / len(body) * math.log2(n / len(body)) for n in counts)
