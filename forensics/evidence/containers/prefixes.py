r"""What a job's log, a container's or a driver's puts before each line of a program: its clock, and where it stood.

A prefix is learned from the lines that carry a record behind it: its numbers, times and levels differ from line to
line, the rest is the same. Where no JSON record tells, the prefixes that are well known do. The time in a prefix
that names its zone is the time of a record that has none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from forensics.evidence.containers.values import TYPED, has_records

MARK = rb"(?:\xef\xbb\xbf)?"  # before the first line of each step
DAY = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
ZONE = rb" ?(?:Z|UTC|[+-]\d\d:?\d\d)(?![0-9A-Za-z])"
STAMP = DAY + rb"(?:" + ZONE + rb")?"
CLOCK = rb"(?<![\d:])\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
LEVEL = rb"\b(?i:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|verbose|stdout|stderr)\b"
COLUMNS = rb"(?:[^\t\n]*\t){1,3}"  # gh run view --log: job and step
ZONED = re.compile(DAY + ZONE)
TIMED = re.compile(STAMP + rb"|" + CLOCK)
# what opens a record behind a prefix
CARRIER = re.compile(rb'(?P<lead>[^\n"{]{1,300}?)(?:[\[{][\s\[]*(?:\{\s*)?"|[\[{]\s*$)')
PARTS = re.compile(
    rb"(?P<columns>\A(?:[^\t\n]*\t)+)|(?P<stamp>" + MARK + STAMP + rb")|(?P<clock>" + CLOCK + rb")"
    rb"|(?P<level>" + LEVEL + rb")|(?P<stream>\b[0-9a-f]{2}[OE][ +])|(?P<number>\d+)|(?P<other>(?s:.))"
)
GENERAL = {
    "stamp": MARK + STAMP,
    "clock": CLOCK,
    "level": LEVEL,
    "stream": rb"[0-9a-f]{2}[OE][ +]",
    "number": rb"\d+",
}
# prefixes that are nothing else, whatever stands behind them
OF_JOBS = tuple(
    re.compile(rb"(?m)^" + lead)
    for lead in (
        MARK + rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z(?: |$)",  # GitHub Actions, Azure Pipelines
        COLUMNS + MARK + rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z(?: |$)",  # gh run view --log
        rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[OE](?:[ +]|$)",  # GitLab
    )
)
# what a container's or a service's log puts before each line of a program
OF_SERVICES = tuple(
    re.compile(rb"(?m)^" + lead)
    for lead in (
        rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:\[]+(?:\[\d+\])?: ",  # journalctl
        rb"[\w.\-]+ +\| (?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z )?",  # docker compose logs
        rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?",  # docker, kubectl, CRI
        rb"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\] ",  # Jenkins
    )
)
LIKELIEST = 4  # forms that are tried


def lead_of_records(text: bytes, lines: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """Return the prefix behind which the records of a text stand; null where they stand without one."""
    if TYPED.search(text) is None or has_records(text):
        return None
    forms = Counter(form for line in lines if (form := _form_of(line)) is not None)
    for form, _ in forms.most_common(LIKELIEST):
        lead = re.compile(rb"(?m)^" + form)
        if has_records(lead.sub(b"", text)):
            return lead
    return None


def _form_of(line: bytes) -> bytes | None:
    found = CARRIER.match(line)
    if found is None:
        return None
    lead = found["lead"]
    known = any(service.fullmatch(lead) for service in OF_SERVICES)
    return _general(lead) if known or TIMED.search(lead) else None


def _general(lead: bytes) -> bytes:
    """Return the form of a prefix: what differs from line to line may differ."""
    bare = lead.rstrip(b" \t")
    form = b"".join(_general_parts(bare))
    return form + (rb"(?:[ \t]|$)" if bare != lead else b"")


def _general_parts(lead: bytes) -> Iterator[bytes]:
    for part in PARTS.finditer(lead):
        group = str(part.lastgroup)
        if group == "columns":
            yield rb"(?:[^\t\n]*\t){%d}" % part[0].count(b"\t")
        else:
            yield GENERAL.get(group) or re.escape(part[0])


def time_in(lead: bytes) -> datetime | None:
    """Return the time that a prefix gives, if it names its zone."""
    found = ZONED.search(lead)
    if found is None:
        return None
    text = found[0].decode().replace("UTC", "Z").replace(",", ".").replace(" Z", "Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
