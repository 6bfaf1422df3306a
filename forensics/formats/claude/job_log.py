"""The log of a job whose steps run the client and show no record of the run: its output is hidden, or plain text.

Most lines are other programs'. What stands in a step that runs the client is read as a terminal's, and what the
job's runner says of that step's end is said of the client. A log that says nothing of it was not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from forensics.evidence.account import INVALID_UTF8, Damage, Reason
from forensics.evidence.file import Evidence
from forensics.evidence.text import TextLines, shown
from forensics.formats.base import Parsed
from forensics.formats.claude.console_screen import WIDE, Screen, told_on
from forensics.formats.claude.job_steps import JOB, Steps
from forensics.formats.claude.witnesses import Death, Said, Witness, deaths_in
from forensics.formats.claude.witnesses.sentences import failure_in
from forensics.formats.reading import finish, problems_of
from forensics.schema import DEATHS, EventKind, Source, is_kind

INSTALLED = re.compile(r"^(?:Installing|Successfully installed) Claude Code v?(?P<version>\d+\.\d+\.\d+)")
NOISE = Reason("a line of the job that is not the client's", Damage.NONE)
SILENT = "the log of a job that runs the client, and says nothing of how that ended"
FACTS = (*DEATHS, EventKind.RESULT, EventKind.API_ERROR, EventKind.HOOK_RAN)


def is_job_log(head: bytes) -> bool:
    """Recognise a runner's log by its own words, and that it is of ours by a step that runs the client."""
    lines = [shown(line)[:WIDE].decode("utf-8", "replace") for line in head.split(b"\n")]
    if JOB.search("\n".join(lines)) is None:
        return False
    job = _Job()
    for number, line in enumerate(lines, 1):
        job.take(number, line)
    return job.steps.ran_client or any(death.is_client for death in job.deaths())


def read_job_log(evidence: Evidence) -> Parsed:
    """Read the lines of the client's steps as the terminal showed them, and what the runner says."""
    job, lines = _Job(), TextLines(evidence)
    for number, text in lines:
        job.take(number, text.rpartition("\r")[2][:WIDE])
    events = told_on(job.screen, list(job.deaths()))
    understood = {*events["line"].to_list(), *job.blank, *lines.damaged}
    odd = [number for number in range(1, lines.total + 1) if number not in understood]
    problems = [*problems_of(odd, NOISE), *problems_of(lines.damaged, INVALID_UTF8)]
    parsed = finish([events], Source.CONSOLE, problems, lines.total)
    return parsed if events.filter(is_kind(FACTS)).height else replace(parsed, silent=SILENT)


class _Job:
    """The lines of a job's log, and which of them are the client's."""

    def __init__(self) -> None:
        self.steps = Steps()
        self.screen = Screen()
        self.blank: list[int] = []
        self._said: list[Said] = []
        self._clients: set[int] = set()  # the lines at which a step of the client's ran

    def take(self, number: int, text: str) -> None:
        """Take one line."""
        if not text.strip():
            self.blank.append(number)
            return
        is_printed = self.steps.take(text)
        self._said.append((number, text))
        if self.steps.is_clients:
            self._clients.add(number)
        if is_printed or INSTALLED.match(text):
            self.screen.show(number, text)

    def deaths(self) -> Iterator[Death]:
        """Yield the deaths of the client: those that name it, and those of what ran in its step."""
        told = deaths_in(self._said)
        for death in told:
            if death.is_client or (death.is_client is None and death.line in self._clients):
                yield death.named(is_client=True)
        if not any(death.witness is Witness.HOST or death.line in self._clients for death in told):
            failed = (failure_in(number, text) for number, text in self._said if number in self._clients)
            yield from (death.named(is_client=True) for death in failed if death is not None)
