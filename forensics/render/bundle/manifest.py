"""The manifest: what was given, what it was made with, and what lies beside it.

It names no time but those of the inputs' last changes: the run's own would make each bundle another one. Nor does it
name the interpreter or the libraries: a bundle is promised to be the same for the same input and version, and a
difference between two of them would be a fault of this program, which the comparison of two bundles is to show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from forensics.analysis.model import Analysis
from forensics.analysis.own_code import code_hash
from forensics.evidence.custody import After, Held
from forensics.render.markup import json_text
from forensics.rulekit.rule import Rule
from forensics.rulekit.rule_hash import rule_hash
from forensics.schema.bundle import MANIFEST_VERSION, sum_line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ELSEWHERE = "holds no record of the sessions that are reported"


def to_manifest(
    analysis: Analysis, after: Mapping[Held, After], members: Mapping[str, bytes], zone: str | None
) -> str:
    """Return the manifest. ``after`` says of each file how it was when it was hashed for the second time."""
    return json_text(
        {
            "manifest_version": MANIFEST_VERSION,
            "tool": {"name": "forensics", "version": analysis.tool_version, "code_sha256": code_hash()},
            "zone": zone,
            "redacted": analysis.redacted,
            "anonymised": analysis.anonymised,
            "sessions": [s.session_id for s in analysis.sessions],
            "rules": [_rule(r) for r in analysis.rules],
            "inputs": _inputs(analysis, after),
            "members": [
                {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in members.items()
            ],
        }
    )


def inputs_list(analysis: Analysis) -> str:
    """Return the files that were given as ``sha256sum -c`` reads them: packed ones, and none of their members."""
    return "".join(
        sum_line(held.sha256, held.name)
        for held in _in_order(analysis)
        if held.is_on_disk and held.sha256 is not None
    )


def _in_order(analysis: Analysis) -> list[Held]:
    """Return the ledger by names, each packed file before its members."""
    return sorted(analysis.custody.ledger, key=lambda h: (h.holder or h.name, h.holder is not None, h.name))


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "sha256": rule_hash(rule),
        "origin": rule.origin.name if rule.origin is not None else None,
        "thresholds": dict(rule.thresholds),
        "expected": rule.is_expected,
    }


def _inputs(analysis: Analysis, after: Mapping[Held, After]) -> list[dict[str, object]]:
    sources: dict[str, set[str]] = {}
    for file in analysis.inputs:
        sources.setdefault(file.evidence.name, set()).add(file.source.value)
    reasons = {u.name: u.reason for u in analysis.unread}
    return [
        {
            "path": held.name,
            "member_of": held.holder,
            "sha256": held.sha256,
            "bytes": held.size if held.sha256 is not None else None,
            "mtime": _time(held.modified_ns),
            "after": after[held].value,
            "read_as": sorted(sources.get(held.name, ())),
            "not_read": None if held.name in sources else _why(held, reasons),
        }
        for held in _in_order(analysis)
    ]


def _why(held: Held, reasons: Mapping[str, str]) -> str | None:
    """Say why a file was not read. Of what was unpacked, its members say it."""
    if held.is_packed:
        return held.reason
    return held.reason or reasons.get(held.name) or ELSEWHERE


def _time(modified_ns: int | None) -> str | None:
    """Write when a file was last changed in UTC, to the nanosecond, as its file system has it."""
    if modified_ns is None:
        return None
    seconds, rest = divmod(modified_ns, 1_000_000_000)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"{seconds}.{rest:09d} s since 1970"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
