"""Secrets out, before a byte reaches any output.

A secret is replaced by its kind and length, never by characters of its value. Redacting twice changes
nothing. The shapes are the published ones of each issuer; masked keys (``sk-abc*****wxyz``), as services
quote them in their refusals, count too.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

# kind -> shape; a group named `value` is what goes, else the whole match
SHAPES: tuple[tuple[str, str], ...] = (
    (
        "private key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    ),
    ("anthropic key", r"sk-ant-[A-Za-z0-9_*-]{8,}"),
    ("openai key", r"\bsk-[A-Za-z0-9_*-]{12,}"),
    ("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("aws key id", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("google key", r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("perplexity key", r"\bpplx-[A-Za-z0-9]{20,}"),
    ("jwt", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    (
        "authorization",
        r"(?i:\b(?:bearer|basic))\s+(?P<value>(?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{16,}=*)",
    ),
    ("password in url", r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:(?P<value>[^\s/@\"'\[\]]+)@"),
    (
        "environment secret",
        (
            r"\b[A-Z][A-Z0-9_]*(?:API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD)[A-Z0-9_]*\s*[=:]\s*[\"']?"
            r"(?P<value>(?=[^\s\"'\[]*[0-9])[^\s\"',;\[\]{}$<>]{12,})"
        ),
    ),
)
# the cheap test, made on whole columns: a text without any of these holds no secret of a known shape
MARKS = (
    "PRIVATE KEY-----", "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "AKIA", "ASIA", "AIza",
    "xox", "pplx-", "eyJ", "earer ", "EARER ", "asic ", "ASIC ", "://", "KEY", "TOKEN", "SECRET", "PASS",
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(shape)) for kind, shape in SHAPES)


def redact(text: str) -> str:
    """Return ``text`` with every secret of a known shape replaced by its kind and length."""
    for kind, shape in _COMPILED:
        text = shape.sub(partial(_replacement, kind), text)
    return text


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
        pl.when(pl.col(name).str.contains_any(list(MARKS)))
        .then(pl.col(name).map_elements(redact, return_dtype=pl.String))
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
        if frame[name].str.contains_any(list(MARKS)).any()
    )
