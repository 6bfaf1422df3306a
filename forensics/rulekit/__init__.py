"""Everything that a rule may use to speak, ours and the user's. The only import path that is promised."""

from __future__ import annotations

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Rule, Said, rule
from forensics.rulekit.saying import Saying, Words, words
from forensics.schema import EventKind, Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Finding,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    Table,
    question,
)
from forensics.session.model.case import Case

__all__ = [
    "Case",
    "Cite",
    "Claim",
    "Confidence",
    "EventKind",
    "FactValue",
    "Finding",
    "Guidance",
    "Hit",
    "Insufficient",
    "Nature",
    "NotApplicable",
    "Rule",
    "Said",
    "Saying",
    "Severity",
    "Slot",
    "Source",
    "Statement",
    "Table",
    "Words",
    "question",
    "rule",
    "words",
]
