"""What a user copied from a terminal: how the client died there, or what a tool's failure looked like.

V8's dump of a full heap, Node's block of an uncaught exception, ink's error overview, the client's own screen, the
voice tool's failure as the user saw it, aiohttp's warnings. Such a text has no session id and no times, and is
never the whole of what was shown: its beginning and its end say nothing.

These words also stand in reports, scripts and sources. A capture has one of the marks at the beginning of a line,
and consists for the greater part of lines that only terminals show.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from forensics.evidence.account import INVALID_UTF8, Damage, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import TextLines, shown
from forensics.formats.base import Parsed
from forensics.formats.claude.console_lines import ANSWERED_BY_FAILURE, BANNER
from forensics.formats.claude.console_screen import FRAME, WIDE, Screen, told_on
from forensics.formats.claude.job_log import is_job_log, read_job_log
from forensics.formats.claude.witnesses import Death, Said, Witness, deaths_in
from forensics.formats.claude.witnesses.death import CLIENT_FRAME, CLIENT_NAME
from forensics.formats.reading import finish, problems_of
from forensics.schema import Source

MARKS = tuple(
    re.compile(mark, re.MULTILINE)
    for mark in (
        r"^<--- Last few GCs --->\s*$|^FATAL ERROR: .*JavaScript heap out of memory\s*$",
        rf"^(?:\s+at .*)?\(?file:///\S*(?:{CLIENT_FRAME})",
        rf"^\s+at .*(?:{CLIENT_FRAME})",
        r"^\d+\.\d+\.\d+ \(Claude Code\)\s*$",
        r"Unclosed client session\s*\nclient_session: <aiohttp\.",
        r"^\s*(?:⎿\s+)?(?:Error: Could not speak message|STT service connection failed:)",
        r"^\s+⎿ ",
        BANNER.replace("?<", "?P<"),
        r"^\s*(?:⎿\s+)?[A-Z]\w+(?::\S+)? hook (?:\[.*\] failed: |timed out after \d|error: )",
        r"^(?:Error: )?Reached max turns \(\d+\)\s*$|^(?:Error: )?Exceeded USD budget \(|\AExecution error\s*\Z",
        r"^\s*panic(?:\([^)]*\))?: |^oh no: Bun has crashed",
    )
)
# how a file is called that holds a run's standard error: in it a death needs no name to be worth reading
CAPTURED = re.compile(r"(?i)(?:^|[/._\-])stderr(?:[._\-][^/]*)?$|\.err$")
TOP = 12  # lines of a capture in which the client's banner stands, if it begins with one
NAMED = re.compile(
    rf"{CLIENT_FRAME}|\(Claude Code\)|^(?:\S*[$%>#] ?)?claude\b|^\s*[⏺●⎿※❯]|{BANNER.replace('?<', '?P<')}|"
    r"^(?:Error: )?Reached max turns|^Execution error|^(?:{ANSWERED_BY_FAILURE})|^\s*[A-Z]\w+ hook \["
)
COMMAND = re.compile(r"^(?:\S+@\S+[:~ ]\S*\s?|\S*)[$%#] (?P<command>\S.*)$")
BANNERED = re.compile(BANNER.replace("?<", "?P<"))
WRITTEN = frozenset(
    {".md", ".rst", ".html", ".py", ".js", ".ts", ".sh", ".json", ".jsonl", ".csv", ".toml", ".yml"}
)
SHORT = 6  # lines of what a shell shows of one headless run: its command, its answer, the exit code
ANSWERED = re.compile(ANSWERED_BY_FAILURE)
LEAST = 0.5  # of the lines must be a terminal's
NOISE = Reason("terminal output that says nothing of a session", Damage.NONE)


class Console:
    """The parser of one terminal capture."""

    source = Source.CONSOLE

    def sniff(self, place: str, head: bytes) -> bool:
        """Recognise a job's log by its steps, a capture by a mark and by what most of its lines are."""
        if PurePosixPath(place).suffix.lower() in WRITTEN or b"\0" in head:
            return False
        return is_job_log(head) or self._is_capture(place, head)

    def _is_capture(self, place: str, head: bytes) -> bool:
        lines = [shown(line)[:WIDE].decode("utf-8", "replace") for line in head.split(b"\n") if line.strip()]
        text = "\n".join(lines)
        said = [*enumerate(lines, 1)]
        deaths = deaths_in(said)
        captured = bool(deaths) and CAPTURED.search(place) is not None
        answered = len(lines) <= SHORT and any(ANSWERED.match(line) for line in lines)
        marked = captured or answered or any(mark.search(text) for mark in MARKS)
        if not (marked or any(d.is_client for d in deaths)):
            return False
        if answered or any(BANNERED.match(line) for line in lines[:TOP]):
            return True
        screen = Screen()
        for number, line in said:
            screen.show(number, line)
        return len(screen.unknown) <= (1 - LEAST) * len(lines)

    def parse(self, evidence: Evidence) -> Parsed:
        """Read the capture line by line, as the terminal showed it."""
        if is_job_log(evidence.head):
            return read_job_log(evidence)
        screen, lines = Screen(), TextLines(evidence)
        for number, text in lines:
            screen.show(number, text.rpartition("\r")[2])
        lost = set(lines.damaged)
        odd = [n for n in screen.unknown if n not in lost]
        problems = [*problems_of(odd, NOISE), *problems_of(lines.damaged, INVALID_UTF8)]
        return finish([told_on(screen, _deaths(screen))], self.source, problems, lines.total)


def _deaths(screen: Screen) -> list[Death]:
    """Return the deaths that the capture tells, each with whose it was."""
    said = screen.said
    deaths = deaths_in(said)
    if not any(death.witness is Witness.RUNTIME for death in deaths):
        deaths += [Death.by_runtime(n, screen.lines[n].strip()) for n in screen.crashes[:1]]
    return [death.named(is_client=_is_clients(death, said)) for death in deaths]


def _is_clients(death: Death, said: list[Said]) -> bool:
    """Say whether the capture names the client: anywhere for a runtime's words, and before all others.

    A shell's word is of what it ran last: nothing of the client's screen stands behind it, and no other command
    between.
    """
    named = [number for number, text in said if NAMED.search(text) and number not in death.lines]
    if death.witness is Witness.RUNTIME:
        return bool(named) or any(FRAME.search(text) for _, text in said)
    if not named or named[0] > death.line or any(number > death.line for number in named):
        return False
    ran = [
        found["command"] for number, text in said if number < death.line and (found := COMMAND.match(text))
    ]
    return not ran or CLIENT_NAME.search(ran[-1]) is not None
