"""Which code a rule is: the hash of its file and of the words beside it."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

from forensics.rulekit.rule import Rule
from forensics.rulekit.saying import Words


def hash_of(source: bytes, rule: Rule) -> str:
    """Return the hash of a rule's file, with its words behind it where they stand in a file of their own."""
    words = rule.told.data if isinstance(rule.told, Words) else b""
    return hashlib.sha256(source + words).hexdigest()


def file_hash_of(rule: Rule) -> str:
    """Hash the file that a rule's function stands in, and its words. Raises ``OSError`` or ``TypeError``."""
    return hash_of(Path(inspect.getfile(rule.detect)).read_bytes(), rule)


def rule_hash(rule: Rule) -> str | None:
    """Return the hash of any rule; null where its code stands in no file: an installation that is packed."""
    if rule.origin is not None:
        return rule.origin.sha256  # of what ran, which may not be what lies there now
    try:
        return file_hash_of(rule)
    except (OSError, TypeError):
        return None
