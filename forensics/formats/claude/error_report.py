r"""Errors that Claude Code caught: the array that ``/bug`` puts into a report, and the client's own error files.

The report itself is read whole, where it has its headings: what somebody wrote of the bug, and what a dying process
printed in it; the environment with the client's version; the array, which may be empty.

``[{"error": "<name>: <message>\n    at …", "timestamp": "…Z"}, …]``: on one line, between lines of whatever the
report was pasted with, and often cut off at its end. The files ``<cache>/<project>/errors/<time>.txt`` (an array) and
``.jsonl`` hold the same records (from the client's code; the published builds recorded wrote none). The items of an
MCP log begin alike, and go on with a session id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from forensics.evidence.account import Damage, Problem, Reason
from forensics.evidence.file import Evidence
from forensics.formats.base import Parsed
from forensics.formats.claude.api_failures import status_in
from forensics.formats.claude.console_lines import ANSWERED_BY_FAILURE, SHOWN
from forensics.formats.claude.error_lines import NAMES, PATTERNS
from forensics.formats.claude.witnesses import Said, deaths_in
from forensics.formats.jsonl import TORN, UNDECODABLE, UNEXPECTED, JsonLines, LineNumbers, Members, mend
from forensics.formats.patterns import match_patterns
from forensics.formats.reading import finish, problems_by_line, problems_by_reason, rows
from forensics.formats.shapes import Tally
from forensics.formats.times import parse_time
from forensics.privacy.redact import cut
from forensics.schema import EVENTS, UTC, EventKind, Row, Source, TsQuality

FOLDER = re.compile(r"(?:^|/)errors/[^/]+\.(?:txt|jsonl|json)$")
STRING = rb'"(?:[^"\\\n]|\\.)*"'
ITEM = re.compile(
    rb'(?m)^[ \t]*(?:\[\s*+)?\{\s*+"error"\s*:\s*' + STRING + rb'\s*,\s*"timestamp"\s*:\s*"[^"\n]*"\s*\}'
)
# the first item itself may be cut off: then its stack tells
BEGUN = re.compile(rb'(?m)^[ \t]*\[\s*+\{\s*+"error"\s*:\s*"(?:[^"\\\n]|\\.)*\\n    at [^"\n]*$')
ARRAY = re.compile(r'(?m)^[ \t]*\[\s*\{\s*"error"\s*:')
LINE = re.compile(rb'^\s*\{\s*"error"\s*:')
COLUMNS = pl.Schema(
    {
        "line": pl.UInt32(),
        "ordinal": pl.UInt32(),
        "ts": UTC,
        "ts_quality": pl.String(),
        "session_id": pl.String(),
        "whole": pl.String(),
    }
)
BODY = re.compile(r"(?m)^[ \t]*(?:\*\*|#{1,4} )Bug Description\b")
ENVIRONMENT = re.compile(r"(?m)^[ \t]*(?:\*\*|#{1,4} )Environment(?: Info)?\b")
VERSION = re.compile(r"^\s*[-*] (?:\*\*)?Version:?(?:\*\*)?:? v?(?P<version>\d+\.\d+\.\d+\S*)")
PLATFORM = re.compile(r"^\s*[-*] (?:\*\*)?Platform:?(?:\*\*)?:? (?P<platform>\S.*?)\s*$")
SCREENS, FAILED = re.compile(SHOWN), re.compile(rf"{SHOWN}(?:{ANSWERED_BY_FAILURE})")
STRAY_LINES = 20  # a report may begin with this many lines of something else
NO_REPORT = Reason("line outside of the list of errors", Damage.NONE)
TEXT_KEPT = 400


class Caught(msgspec.Struct):
    """One error."""

    error: str
    timestamp: str | None = None
    sessionId: str | None = None  # noqa: N815 - the log's own name


class ErrorReport:
    """The parser of a pasted array, and of the client's files."""

    source = Source.ERROR_REPORT

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise a report by its first item, which names no session, or by its folder."""
        if FOLDER.search(place) is not None:
            return LINE.match(head.lstrip().removeprefix(b"[")) is not None
        text = head.decode("utf-8", "replace")
        if BODY.search(text) and ENVIRONMENT.search(text):
            return True
        found = ITEM.search(head) or BEGUN.search(head)
        return found is not None and head.count(b"\n", 0, found.start()) < STRAY_LINES

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the errors; what stands around their list is accounted for."""
        told = rows([], EVENTS)
        if LINE.match(evidence.head):
            lines = JsonLines(evidence, Caught)
            found = list(lines)
            total = lines.total
            problems = problems_by_reason(lines.bad)
        else:
            data, total = evidence.document()
            text = mend(data).decode()
            found, problems = _listed(text, total)
            if BODY.search(text) and ENVIRONMENT.search(text):
                problems = [problem for problem in problems if problem.reason != NO_REPORT]
                told = rows([*_told(text)], EVENTS)
        tally = Tally()
        return finish([_events(found, tally), told], self.source, problems, total, tally=tally)


def _told(text: str) -> Iterator[Row]:
    """Yield what a whole report tells beside its array: the client's version, and how its process died."""
    lines = [*enumerate(text.split("\n"), 1)]
    platform = next((found["platform"] for _, line in lines if (found := PLATFORM.match(line))), None)
    for number, line in lines:
        found = VERSION.match(line)
        if found is not None:
            on = "" if platform is None else f" on {platform}"
            yield {
                "line": number,
                "ordinal": 0,
                "ts_quality": TsQuality.MISSING.value,
                "kind": EventKind.SESSION_META.value,
                "status": found["version"],
                "message": f"Claude Code {found['version']}{on}",
            }
    array = ARRAY.search(text)
    end = len(lines) if array is None else text.count("\n", 0, array.start())
    yield from _shown(lines[:end])
    for death in deaths_in(lines[:end]):
        if death.is_client is not False:
            yield from death.named(is_client=True).rows()


def _shown(lines: Sequence[Said]) -> Iterator[Row]:
    """Yield the failed requests that somebody copied from the client's screen into the description."""
    for number, line in lines:
        if FAILED.match(line):
            said = cut(SCREENS.sub("", line).strip(), TEXT_KEPT)
            yield {
                "line": number,
                "ordinal": 0,
                "ts_quality": TsQuality.MISSING.value,
                "kind": EventKind.API_ERROR.value,
                "component": "final",
                "status": status_in(said),
                "message": said,
            }


def _listed(text: str, total: int) -> tuple[list[tuple[int, Caught]], list[Problem]]:
    """Return the errors of the list in ``text`` that are whole, with their lines."""
    begin = ARRAY.search(text)
    if begin is None:
        return [], [Problem(1, NO_REPORT, total)] if total else []
    numbers, start = LineNumbers(text, total), text.index("[", begin.start())
    bad = dict.fromkeys(_spoken(text[:start], 1), NO_REPORT)
    members = Members(text, start)
    found: list[tuple[int, Caught]] = []
    for _, at, end in members:
        line = numbers.line_of_member(text, at)
        try:
            found.append((line, msgspec.json.decode(text[at:end].encode(), type=Caught)))
        except UNDECODABLE:
            bad |= dict.fromkeys(range(line, numbers.line_at(end - 1) + 1), UNEXPECTED)
    if members.torn is not None:
        bad |= dict.fromkeys(range(numbers.line_at(members.torn), total + 1), TORN)
    else:
        bad |= dict.fromkeys(_spoken(text[members.end :], numbers.line_at(members.end - 1)), NO_REPORT)
    return found, problems_by_line(bad)


def _spoken(text: str, first: int) -> list[int]:
    """Return the numbers of the lines that say something; the text begins in line ``first``."""
    return [number for number, line in enumerate(text.split("\n"), first) if line.strip()]


def _events(found: list[tuple[int, Caught]], tally: Tally) -> pl.DataFrame:
    """Make one event of each error: a failure of the model API, or anything else."""
    turns: dict[int, int] = {}
    made: list[Row] = []
    for line, caught in found:
        moment = parse_time(caught.timestamp)
        turns[line] = turns.get(line, -1) + 1
        made.append(
            {
                "line": line,
                "ordinal": turns[line],
                "ts": moment,
                "ts_quality": (TsQuality.EXACT if moment else TsQuality.MISSING).value,
                "session_id": caught.sessionId,
                "whole": cut(caught.error.partition("\n")[0], TEXT_KEPT),
            }
        )
    errors = pl.DataFrame(made, schema=COLUMNS).with_columns(message=pl.col("whole").str.replace(NAMES, ""))
    failed = match_patterns(errors, PATTERNS)
    others = errors.join(failed.select("line", "ordinal"), on=["line", "ordinal"], how="anti")
    tally.add_texts(errors.height, others.select("line", "message"))
    told = pl.concat([failed, others.with_columns(kind=pl.lit(EventKind.CLIENT_ERROR.value))], how="diagonal")
    return told.with_columns(message="whole").drop("whole").sort("line", "ordinal")
