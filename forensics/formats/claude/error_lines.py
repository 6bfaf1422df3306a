"""Errors that Claude Code caught, as ``/bug`` reports them: ``<name>: <message>`` and a stack.

Where the words are those of the debug log, its patterns know them. What a failed request to the model API says is the
SDK's: with its status, or in words (2.0.24 and 2.1.330, recorded with the client's error log on; the reports that
people published are of 2.1.71 to 2.1.121).
"""

from __future__ import annotations

from forensics.formats.claude.console_lines import ANSWERED_BY_FAILURE
from forensics.formats.claude.debug_lines import PATTERNS as DEBUG_PATTERNS
from forensics.formats.patterns import Pattern
from forensics.schema import EventKind as K

# `Error: Error: 529 …`: the name of the error, and of the one inside of it
NAMES = r"^(?:[A-Za-z]*Error: )*"

PATTERNS = (
    *(p for p in DEBUG_PATTERNS if p.kind is K.API_ERROR),
    Pattern(
        kind=K.API_ERROR,
        literal="",
        regex=(
            r"^(?:API Error:? )?(?:\(?attempt \d+/\d+\)?:? )?"
            r"(?<status>[45]\d\d|Request timed out|Connection error|Request was aborted|Stream idle timeout|"
            r"terminated)(?:\b|$)"
        ),
        seen="2.0.24..2.1.330",
        columns={"component": "caught"},
    ),
    Pattern(
        kind=K.API_ERROR,
        literal="",
        regex=rf"^(?:{ANSWERED_BY_FAILURE})",
        seen="the client's own words, as its screen shows them",
        columns={"component": "caught"},
    ),
)
