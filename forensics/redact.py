"""Secrets out, before a byte reaches any output.

A secret is replaced by its kind and length, never by characters of its value. Redacting twice changes
nothing. The shapes are the published ones of each issuer; masked keys (``sk-abc*****wxyz``), as services
quote them in their refusals, count too.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

# a secret is named as a variable, a key of JSON (escaped any number of times), a header or a parameter is
NAMED = (
    r"(?i:(?:api|access|auth|private)[_-]?key|token|secrets?|passw(?:or)?ds?)\d*(?:[_-][A-Za-z0-9_-]{0,40})?"
    r"\\*[\"']?\s*(?:=>|:=|[=:])\s*"
)
OPTION = r"--(?i:(?:[a-z]+-){0,3}(?:api-?key|token|secret|password))[\s\"',\\=]+(?=[^\s-])"
# where a secret may begin: not inside of a word, but right behind JSON's escapes and a colour code
START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf])|(?<=[\[;]\dm)|(?<=[\[;]\d\dm))"
# what tells a value from a word: a digit in it, or that it is long and given to the name without a space
BODY = r"[^\s\"',;\[\]{}$<>\\]"
WITH_DIGIT = rf"(?=[^\s\"'\[]{{0,500}}[0-9])(?!\d+(?![^\s\"',;\[\]{{}}$<>\\])){BODY}{{12,}}"
LETTERS = r"(?![A-Z_]+(?![A-Za-z0-9]))[A-Za-z0-9+/_-]{16,500}(?=[\s\"'\\,;&}=]|$)=*"
# what begins as one issuer's secrets do and nothing else does: kind, the marks that such a text holds, shape
ISSUED: tuple[tuple[str, tuple[str, ...], str], ...] = (
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
# of these every name of a secret has one
NAMES = (
    "apikey", "api-key", "api_key", "access_key", "access-key", "accesskey", "auth_key", "auth-key", "authkey",
    "private_key", "private-key", "privatekey", "token", "secret", "passw",
)  # fmt: skip
# what only its surroundings tell: kind, marks in small letters, shape; a group named `value` is what goes
GENERIC: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "authorization",
        ("bearer", "basic", "authorization"),
        (
            rf"(?i:{START}(?:bearer|basic|authorization\\*[\"']?\s*[=:]\s*\\*[\"']?(?:token|api-?key|key)))\s+"
            r"(?P<value>(?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{16,}=*)"
        ),
    ),
    (
        "password in url",
        ("://", ":\\/"),
        r"(?i:[a-z][a-z0-9+.-]{0,30})(?<![+.-]):(?:\\*/){2}[^\s/:@\"']{0,200}:(?P<value>[^\s/\"'\[\]]+)@",
    ),
    ("environment secret", NAMES, rf"{NAMED}\\*[\"']?(?P<value>{WITH_DIGIT})"),
    ("secret", NAMES, rf"{NAMED}(?:(?<==)|(?=\\*[\"']))\\*[\"']?(?P<value>{LETTERS})"),
    ("option", NAMES, rf"{OPTION}(?P<value>{WITH_DIGIT}|{LETTERS})"),
    (
        "password",
        ("passw",),
        rf"(?i:passw(?:or)?d)\\*[\"']?\s*[=:]\s*\\*[\"']?(?P<value>(?=\S{{0,100}}[0-9]){BODY}{{6,}})",
    ),
)
# kind -> shape
SHAPES = tuple((kind, shape) for kind, _, shape in (*ISSUED, *GENERIC))
# the cheap test, made on whole columns in any case: a text without any of these holds no secret of a known shape
MARKS = tuple(dict.fromkeys(mark for _, marks, _ in (*ISSUED, *GENERIC) for mark in marks))
MARGIN = 1000  # so much of a secret is seen behind a cut: more than any but a private key is long
_COMPILED = tuple(
    (kind, tuple(mark.casefold() for mark in marks), re.compile(shape))
    for kind, marks, shape in (*ISSUED, *GENERIC)
)


def redact(text: str) -> str:
    """Return ``text`` with every secret of a known shape replaced by its kind and length."""
    before = None
    while text != before:  # what stood behind a secret begins a word now
        before, small = text, text.casefold()
        for kind, marks, shape in _COMPILED:
            # a shape costs a hundred times what looking for its marks does, and few texts hold any
            if any(mark in small for mark in marks):
                text = shape.sub(partial(_replacement, kind), text)
    return text


def cut(text: str, most: int) -> str:
    """Return the first ``most`` characters, redacted before the cut: a part of a secret has no shape."""
    if len(text) <= most:
        return text
    return redact(text[: most + MARGIN])[:most]


def _replacement(kind: str, found: re.Match[str]) -> str:
    whole = found.group(0)
    if "value" not in found.re.groupindex:
        return f"[redacted: {kind}, {len(whole)} characters]"
    value = found["value"]
    start, end = found.start("value") - found.start(), found.end("value") - found.start()
    return f"{whole[:start]}[redacted: {kind}, {len(value)} characters]{whole[end:]}"


def redact_columns(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Redact text columns; only the cells that carry a mark are looked at one by one."""
    return frame.with_columns(
        pl.when(pl.col(name).str.contains_any(list(MARKS), ascii_case_insensitive=True))
        .then(pl.col(name).map_elements(redact, return_dtype=pl.String))
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
        if frame[name].str.contains_any(list(MARKS), ascii_case_insensitive=True).any()
    )
