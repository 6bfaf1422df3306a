r"""What stands around a log's own lines where people hand them over, and how it is taken off.

A log comes indented out of an editor, quoted out of an issue, with file names and line numbers out of grep,
behind the clock of ``docker logs``, or in the output of another client. All that is decided once for a file,
from its head, and taken off where bytes become lines: parsers see the log's own lines under the numbers that
they have in the file at hand. A head that begins as a log begins costs one look.

What was pasted or grepped is an excerpt: where it begins and stops says nothing of the session, and between
two lines of a grep others may be left out. Lines of several files belong to several logs.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from forensics.evidence.containers.envelopes import Envelope, envelope_of
from forensics.evidence.containers.prefixes import OF_JOBS, OF_SERVICES, lead_of_records, time_in
from forensics.evidence.containers.values import has_records

DATED = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z"
LEVEL = rb"\[(?:DEBUG|INFO|WARN|ERROR|VERBOSE)\]"
# how a record of the client's log, of the voice server's and of a JSON log begins
OWN = (
    rb"(?:(?:" + DATED + rb"[ \t]+)?" + LEVEL + rb"[ \t]"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - [A-Za-z0-9_.\-]+ - (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) - "
    rb'|\{"(?:parentUuid|type|isSidechain|sessionId|session_id|uuid|debug|error|timestamp|event_type|summary|id)"\s*:)'
)
# a name before a colon: without blanks, or with a slash; behind a drive letter; grep's name of its input
NAME = rb"(?:\(standard input\)|(?:[A-Za-z]:(?=[\\/]))?(?:[^\s:]+?|(?=[^\n:]*[/\\])[^\n:]*?))"
MARK = rb"(?P<sep>[:-])(?P<number>\d{1,9})(?P=sep)"
# colours, movements, a window's title; polars' regular expressions take it as well
ANSI_CODE = r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][0-9A-Za-z]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[=>])"
ANSI = re.compile(ANSI_CODE.encode())
BEGINS = re.compile(OWN)
CLIENTS = re.compile(DATED + rb"[ \t]+" + LEVEL + rb'|\{"')
# what a record says may hold a carriage return, too
REDRAWN = re.compile(rb"(?m)^(?!" + OWN + rb")[^\n]*\r(?=" + OWN + rb")")
QUOTED = re.compile(rb"(?m)^(?:>[ \t]?)+")
FORWARDED = re.compile(rb"(?m)^MCP STDERR \([^)\n]*\): ")  # Gemini CLI, on the first line of a chunk
PADDED = re.compile(rb"(?m)^(" + DATED + rb")[ \t]{2,}(" + LEVEL + rb")[ \t]+")
PADDED_RECORD = re.compile(DATED + rb"[ \t]{2,}" + LEVEL)
NUMBERED = rb"[ ]*(?P<number>\d{1,9})(?:[:\-\t]|\xe2\x86\x92)"  # grep -n, cat -n, sed =
GREPPED = tuple(
    re.compile(shape + rb"(?=" + OWN + rb")")
    for shape in (rb"(?P<name>" + NAME + rb")" + MARK, NUMBERED, rb"(?P<name>" + NAME + rb")[:-]")
)
SEPARATOR = b"--"  # between two groups of grep's context lines
LAYERS = 4  # an indented quotation of a grep is three
MOST = 0.5  # of the lines must carry what is to be taken off them


@dataclass(frozen=True, slots=True)
class Strip:
    """Something that is taken off by a regular expression."""

    what: re.Pattern[bytes]
    by: bytes = b""
    cuts: bool = False  # its lines are an excerpt
    is_lead: bool = False  # a job's or a service's prefix, which may hold the time of the line

    def off(self, data: bytes) -> bytes:
        """Return ``data`` without it; lines stay lines."""
        return self.what.sub(self.by, data)

    def times(self, data: bytes) -> list[datetime | None]:
        """Return the time that it gives each line."""
        return [time_in(found[0]) if (found := self.what.match(x)) else None for x in data.split(b"\n")]


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What is taken off a file's lines: first ``outer``, then grep's ``marks``, then ``inner``."""

    outer: tuple[Strip | Envelope, ...] = ()
    marks: re.Pattern[bytes] | None = None
    inner: tuple[Strip | Envelope, ...] = ()
    is_excerpt: bool = False
    is_sifted: bool = False  # lines may have been left out between others

    @property
    def is_plain(self) -> bool:
        """Say whether a file's lines are taken as they stand."""
        return not (self.outer or self.is_sifted)

    @property
    def has_lead(self) -> bool:
        """Say whether each line stands behind a job's or a service's prefix."""
        return any(step.is_lead for step in (*self.outer, *self.inner))

    def times(self, data: bytes) -> list[datetime | None]:
        """Return for each line of a piece of a file the time that what stands around it gives; empty without any."""
        for step in self.outer:
            if step.is_lead:
                return step.times(data)
            data = step.off(data)
        bare = b"\n".join(self._marked(line).text for line in data.split(b"\n")) if self.inner else b""
        for step in self.inner:
            if step.is_lead:
                return step.times(bare)
            bare = step.off(bare)
        return []

    def split(self, data: bytes) -> list[Marked]:
        """Return the lines of a piece of a file, and what grep's marks say of them."""
        return [self._marked(line) for line in self._lines(data)]

    def pick(self, data: bytes, first: int, part: Part | None) -> list[tuple[int, Marked]]:
        """Return one part's lines of a piece that begins with line ``first``, under their numbers."""
        if part is None or part.lines is None:
            return list(enumerate(self.split(data), first))
        lines = self._lines(data)
        start, stop = (bisect_left(part.lines, first + n) for n in (0, len(lines)))
        return [(n, self._marked(lines[n - first])) for n in part.lines[start:stop]]

    def _lines(self, data: bytes) -> list[bytes]:
        lines = _off(self.outer, data).split(b"\n")
        if data.endswith(b"\n"):
            lines.pop()
        return lines

    def _marked(self, line: bytes) -> Marked:
        if self.is_sifted and line.rstrip(b"\r") == SEPARATOR:
            return Marked(b"", is_separator=True)
        found = self.marks.match(line) if self.marks is not None else None
        if found is None:
            return Marked(line)
        said = found.groupdict()
        number = said.get("number")
        return Marked(line[found.end() :], said.get("name"), int(number) if number else None)

    def joined(self, lines: Iterable[Marked]) -> bytes:
        """Put lines together again, as their own log has them."""
        return _off(self.inner, b"".join(line.text + b"\n" for line in lines))


PLAIN = Wrapping()


@dataclass(frozen=True, slots=True)
class Marked:
    """A line without grep's marks, and what they said: in which file it stands, and where."""

    text: bytes
    name: bytes | None = None
    number: int | None = None
    is_separator: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one log among those of others: all of them, where ``lines`` is null."""

    name: str | None
    lines: tuple[int, ...] | None  # in order
    breaks: frozenset[int]  # before these, others were left out
    head: bytes


def wrapping_of(head: bytes) -> Wrapping:
    """Decide from a file's head what stands around its lines."""
    text = ANSI.sub(b"", head) if b"\x1b" in head else head
    outer, text = _strips(text)
    marks = None if has_records(text) else _marks(_filled(text))
    inner: tuple[Strip | Envelope, ...] = ()
    if marks is not None:
        inner, text = _strips(Wrapping(marks=marks).joined(Wrapping(marks=marks).split(text)))
    if (outer or marks) and b"\x1b" in head:
        outer = (Strip(ANSI), *outer)
    cuts = any(step.cuts for step in (*outer, *inner))
    sifted = marks is not None or _has_separators(text)
    return Wrapping(outer, marks, inner, is_excerpt=cuts or sifted, is_sifted=sifted)


def parts_of(
    wrapping: Wrapping, pieces: Callable[[], Iterable[tuple[int, bytes]]], most: int
) -> tuple[Wrapping, list[Part]]:
    """Tell the logs apart whose lines were grepped into one file. ``most`` bytes of each are its head.

    The wrapping that is returned knows the names of all files, and not only of those in the head.
    """
    whole = _with_names(wrapping, pieces())
    survey = _Survey(most)
    for first, data in pieces():
        for number, line in enumerate(whole.split(data), first):
            survey.see(number, line)
    return whole, survey.parts(whole)


class _Survey:
    """What was seen of each log: which lines it has, and where some are missing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: dict[bytes | None, list[int]] = {}
        self._heads: dict[bytes | None, list[Marked]] = {}
        self._sizes: Counter[bytes | None] = Counter()
        self._breaks: set[int] = set()
        self._unnumbered: list[int] = []
        self._last: dict[bytes | None, int | None] = {}
        self._name: bytes | None = None
        self._separated = False
        self._separators = 0

    def see(self, number: int, line: Marked) -> None:
        """Give a line to its log: one without a name to that of the line before."""
        if line.name is not None and line.name != self._name:
            self._name = line.name
        self._notice_break(number, line)
        self._lines.setdefault(self._name, []).append(number)
        if self._sizes[self._name] < self._most:
            self._heads.setdefault(self._name, []).append(line)
            self._sizes[self._name] += len(line.text) + 1

    def _notice_break(self, number: int, line: Marked) -> None:
        if line.is_separator:
            self._separated = True
            self._separators += 1
            return
        before = self._last.get(self._name)
        if line.number is not None:
            if before is not None and line.number != before + 1:
                self._breaks.add(number)
            self._last[self._name] = line.number
        elif self._separated:
            self._breaks.add(number)
        elif line.name is not None:
            self._unnumbered.append(number)
        self._separated = False

    def parts(self, wrapping: Wrapping) -> list[Part]:
        """Return the logs in order of their names."""
        if not self._separators:  # no context lines were asked for: each line was found alone
            self._breaks.update(self._unnumbered)
        named = sorted(name for name in self._lines if name is not None)
        if named and None in self._lines:
            self._lines[named[0]] = [*self._lines.pop(None), *self._lines[named[0]]]
            self._heads[named[0]] = [*self._heads.pop(None), *self._heads[named[0]]]
        alone = len(self._lines) == 1
        return [
            Part(
                name=None if name is None else name.decode("utf-8", "replace").replace("\\", "/"),
                lines=None if alone else tuple(lines),
                breaks=frozenset(self._breaks.intersection(lines)),
                head=wrapping.joined(self._heads[name])[: self._most],
            )
            for name, lines in sorted(self._lines.items(), key=lambda item: item[0] or b"")
        ]


def _with_names(wrapping: Wrapping, pieces: Iterable[tuple[int, bytes]]) -> Wrapping:
    """Learn the names of all files: behind a known name a line needs no record to be told apart."""
    form = wrapping.marks
    if form is None or "name" not in form.groupindex:
        return wrapping
    names: set[bytes] = set()
    for _, data in pieces:
        generic = next(f for f in GREPPED if f.groupindex == form.groupindex)
        names.update(m["name"] for x in _off(wrapping.outer, data).split(b"\n") if (m := generic.match(x)))
    return replace(wrapping, marks=_behind(form.groupindex, names)) if names else wrapping


def _off(steps: Sequence[Strip | Envelope], data: bytes) -> bytes:
    for step in steps:
        data = step.off(data)
    return data


def _filled(text: bytes) -> list[bytes]:
    return [line.rstrip(b"\r") for line in text.split(b"\n") if line.strip()]


def _strips(text: bytes) -> tuple[tuple[Strip | Envelope, ...], bytes]:
    """Return what is to be taken off, layer by layer, and the text without it."""
    steps: list[Strip | Envelope] = []
    for _ in range(LAYERS):
        lines = _filled(text)
        step = next((s for find in FINDERS if (s := find(text, lines)) is not None), None)
        if step is None:
            break
        steps.append(step)
        text = step.off(text)
    return tuple(steps), text


# --- what may stand around -----------------------------------------------------------------------


def _redrawn(text: bytes, lines: Sequence[bytes]) -> Strip | None:  # noqa: ARG001
    """Progress that the terminal wrote a record over."""
    return Strip(REDRAWN) if b"\r" in text and REDRAWN.search(text) else None


def _forwarded(text: bytes, lines: Sequence[bytes]) -> Strip | None:
    """Another client's mark; a Claude debug log may quote it."""
    if not FORWARDED.search(text) or any(CLIENTS.match(x) for x in lines):
        return None
    return Strip(FORWARDED)


def _padded(text: bytes, lines: Sequence[bytes]) -> Strip | None:  # noqa: ARG001
    """Columns that an editor or a log viewer aligned."""
    first = next((line for line in lines if BEGINS.match(line)), b"")
    return Strip(PADDED, rb"\1 \2 ", cuts=True) if PADDED_RECORD.match(first) else None


def _quoted(text: bytes, lines: Sequence[bytes]) -> Strip | None:  # noqa: ARG001
    return Strip(QUOTED, cuts=True) if lines and all(x.startswith(b">") for x in lines) else None


def _indented(text: bytes, lines: Sequence[bytes]) -> Strip | None:  # noqa: ARG001
    """Find a common indent; the first line may lack it, where a selection began at its first character."""
    common = _indent(lines)
    if not common and len(lines) > 1 and BEGINS.match(lines[0]):
        common = _indent(lines[1:])
        if not any(BEGINS.match(x, len(common)) for x in lines[1:]):
            return None
    return Strip(re.compile(rb"(?m)^" + re.escape(common)), cuts=True) if common else None


def _indent(lines: Sequence[bytes]) -> bytes:
    """Return the blanks that all lines begin with: those of the first and the last in order are the least."""
    if not lines:
        return b""
    least, most = min(lines), max(lines)
    same = next((n for n, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    common = least[:same]
    return common[: len(common) - len(common.lstrip(b" \t"))]


def _led(text: bytes, lines: Sequence[bytes]) -> Strip | None:
    """Find a job's, a service's or a driver's prefix: by the records behind it, or by its own form."""
    begins = any(BEGINS.match(x) for x in lines)
    learned = lead_of_records(text, lines)
    if learned is not None and (not begins or _share(learned, lines) >= MOST):
        return Strip(learned, is_lead=True)
    for lead in OF_JOBS:
        if lines and _share(lead, lines) >= MOST:
            return Strip(lead, is_lead=True)
    for lead in () if begins else OF_SERVICES:
        ends = [found.end() if (found := lead.match(x)) else None for x in lines]
        carried = [(x, end) for x, end in zip(lines, ends, strict=True) if end is not None]
        if len(carried) >= MOST * len(lines) and any(BEGINS.match(x, end) for x, end in carried):
            return Strip(lead, is_lead=True)
    return None


def _share(lead: re.Pattern[bytes], lines: Sequence[bytes]) -> float:
    return sum(lead.match(x) is not None for x in lines) / len(lines)


FINDERS: tuple[Callable[[bytes, Sequence[bytes]], Strip | Envelope | None], ...] = (
    envelope_of,
    _redrawn,
    _forwarded,
    _quoted,
    _indented,
    _led,
    _padded,
)


def _marks(lines: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Return grep's marks, in the form in which they also stand before lines that are no record."""
    if any(BEGINS.match(x) for x in lines):
        return None
    here = [x for x in lines if x != SEPARATOR]
    for form in GREPPED:
        found = [m for x in here if (m := form.match(x))]
        if not found:
            continue
        marks = _behind(form.groupindex, {m.groupdict().get("name") or b"" for m in found})
        if sum(marks.match(x) is not None for x in here) >= MOST * len(here):
            return marks
    return None


def _behind(groups: Mapping[str, int], names: Iterable[bytes]) -> re.Pattern[bytes]:
    if "name" not in groups:
        return re.compile(NUMBERED)
    any_name = b"|".join(re.escape(n) for n in sorted(names, key=lambda n: (-len(n), n)))
    return re.compile(rb"(?P<name>" + any_name + rb")" + (MARK if "number" in groups else rb"[:-]"))


def _has_separators(text: bytes) -> bool:
    """Say whether groups of records are kept apart by grep's separator: a quoted one stands inside a record."""
    if b"\n--" not in text:
        return False
    lines = [line.rstrip(b"\r") for line in text.split(b"\n")]
    near = zip(lines, lines[1:], lines[2:], strict=False)
    return any(
        middle == SEPARATOR and BEGINS.match(before) and BEGINS.match(after) for before, middle, after in near
    )
