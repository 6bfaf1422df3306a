"""What is fuzzed: for each target its seeds, and the property that holds for any bytes, stated once.

``check`` raises where the property does not hold. A finding lies in ``fixtures/fuzz/TARGET/`` and is replayed by
``tests/whole/test_fuzz_findings.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.cli import config
from forensics.errors import ConfigError, NothingReadableError, UsageError
from forensics.evidence.containers.encodings import Decoded, encoding_of
from forensics.evidence.file import Evidence, count_lines, logs_in, open_evidence
from forensics.evidence.unpack import PACKED, TARS, Unpacker
from forensics.formats import PARSERS, Parser
from forensics.privacy.redact import redact, redact_columns
from forensics.render.events.sql import _refuse_others
from forensics.render.events.sql_apart import SCAN
from forensics.rules import RULES
from tools.fuzz import seeds

MOST_SECONDS = 5.0  # of the processor, for 64 KiB; what is watched by the fuzzer runs some times slower
# put together here: no scanner should take this file for a leak
BODY = "Ab3dE5gH" * 5
PLANTED = (
    "sk-ant-" + "api03-" + BODY,
    "ghp_" + BODY[:36],
    "Authorization: Bearer " + BODY,
    "MY_SERVICE_API_KEY=" + BODY,
    '"password": "' + BODY + '"',
    "postgres://user:" + BODY + "@db.example/x",
    "curl -u alice:" + BODY + " https://h.example",
    "AccountKey=" + BODY + "==",
    "https://host/v1?api_key=" + BODY,
)


class BrokenError(AssertionError):
    """A property does not hold."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that reads a stranger's bytes."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]

    def hold(self, data: bytes) -> None:
        """Raise where the property does not hold, or takes too long to find out."""
        before = time.process_time()
        self.check(data)
        if (used := time.process_time() - before) > MOST_SECONDS:
            msg = f"{used:.1f} s for {len(data)} bytes"
            raise BrokenError(msg)


def need(holds: object, what: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise BrokenError(what)


# --- formats -----------------------------------------------------------------------------------------------


def _parses(parser: Parser) -> Callable[[bytes], None]:
    place = seeds.place_of(parser)

    def check(data: bytes) -> None:
        parser.sniff(place, data)
        with TemporaryDirectory(prefix="fuzz-") as folder:
            path = Path(folder, "log")
            path.write_bytes(data)
            for log in logs_in(open_evidence(path, place, Path("/", place))):
                _accounted(parser, log, data)

    return check


def _accounted(parser: Parser, log: Evidence, data: bytes) -> None:
    parsed = parser.parse(log)
    told = parsed.lines_understood + sum(p.count for p in parsed.problems)
    need(told == parsed.lines_total, f"{told} lines are accounted for, of {parsed.lines_total}")
    lines = count_lines(data)
    whole = log.wrapping.is_plain and log.part is None
    need(parsed.lines_total == lines if whole else parsed.lines_total <= lines + 1, "lines were lost")
    numbers = parsed.events["line"].drop_nulls().to_list()
    need(all(1 <= n <= lines for n in numbers), "a line that the file does not have")


# --- containers --------------------------------------------------------------------------------------------


def _containers(data: bytes) -> None:
    with TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, "log.jsonl")
        path.write_bytes(data)
        for log in logs_in(open_evidence(path, path.name)):
            for batches in (log.batches(), log.records()):
                last = 0
                for batch in batches:
                    need(batch.first_line >= 1, "a batch that begins before the file")
                    numbers = batch.numbers or (batch.first_line,)
                    need(sorted(numbers) == list(numbers), "lines out of order")
                    need(last <= numbers[0] <= count_lines(data), "a line that the file does not have")
                    last = numbers[-1]


def _encodings(data: bytes) -> None:
    encoding = encoding_of(data)
    if encoding is None:
        return
    texts = []
    for size in (1, 7, 1 << 16):
        with TemporaryDirectory(prefix="fuzz-") as folder:
            path = Path(folder, "log")
            path.write_bytes(data)
            with path.open("rb") as stream:
                decoded = Decoded(stream, encoding)
                texts.append(b"".join(iter(lambda d=decoded, s=size: d.read(s), b"")))  # type: ignore[misc]
    need(len(set(texts)) == 1, "it depends on how much is read at once")
    texts[0].decode("utf-8")


SUFFIXES = tuple(dict.fromkeys((".zip", *TARS, *PACKED)))


def _unpacks(data: bytes) -> None:
    """Unpack: the first byte says what the file's name ends with."""
    suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else ".zip"
    with TemporaryDirectory(prefix="fuzz-") as folder, ExitStack() as stack:
        path = Path(folder, f"a{suffix}")
        path.write_bytes(data[1:])
        for member in Unpacker(stack).members(path, path.name):
            need((member.path is None) == (member.refused is not None), "neither unpacked nor refused")
            need(member.path is None or member.path.is_file(), "no file was made")
            need(member.path is None or ".." not in Path(member.name).parts, "a name that leads out")
        need(
            [p.name for p in Path(folder).iterdir()] == [path.name], "something was written beside the input"
        )


# --- redaction ---------------------------------------------------------------------------------------------


def _redacts(data: bytes) -> None:
    """Redact a text with a secret on a line of its own: the first two bytes say which, and where."""
    text = data[2:].decode("utf-8", "replace")
    secret, at = (
        PLANTED[(data[0] if data else 0) % len(PLANTED)],
        (data[1] if data[1:] else 0) * len(text) // 255,
    )
    planted = f"{text[:at]}\n{secret}\n{text[at:]}"
    shown = redact(planted)
    need(BODY[:12] not in shown or BODY[:12] in text, f"a secret is left: {secret[:12]}")
    need(redact(shown) == shown, "what was redacted changes once more")
    column = redact_columns(pl.DataFrame({"text": [planted]}), "text")["text"][0]
    need(column == shown, "a column and a text differ")


# --- what users write --------------------------------------------------------------------------------------


def _configures(data: bytes) -> None:
    for name in (config.OWN_FILE, config.PROJECT_FILE):
        with TemporaryDirectory(prefix="fuzz-") as folder:
            path = Path(folder, name)
            path.write_bytes(data)
            try:
                found = config.find(Path(folder))
                (config.read(found or path, trusted=False)).bind(RULES)
            except ConfigError as error:
                need(str(error).strip(), "an error without a word")


DEEPEST = 40  # brackets: what nests deeper ends the process that answers, which is why it has one of its own


def _asks(data: bytes) -> None:
    question, tables = data.decode("utf-8", "replace"), {"events": pl.DataFrame({"line": [1], "file": ["a"]})}
    try:
        _refuse_others(question, tables)
    except UsageError:
        return
    if sum(map(question.count, "([{")) > DEEPEST or len(question) > 20 * DEEPEST:
        return
    try:
        plan = pl.SQLContext(tables, eager=False).execute(question).explain(optimized=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, TypeError):
        return  # what the process apart tells of, too
    need(not SCAN.search(plan), f"a file would be read: {plan[:200]}")


# --- all of it ---------------------------------------------------------------------------------------------


def _analyses(data: bytes) -> None:
    """Analyse a log under a name of its kind, as the first byte says: no rule fails over it."""
    places = seeds.places()
    place = places[(data[0] if data else 0) % len(places)]
    with TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data[1:])
        try:
            analysis = analyse(Request([Path(folder)]))
        except NothingReadableError:
            return
        need(not analysis.errors, f"a rule fails: {analysis.errors}")
        for file in analysis.inputs:
            told = file.lines_understood + sum(p.count for p in file.problems)
            need(told == file.lines_total, f"{told} lines are accounted for, of {file.lines_total}")


TARGETS = (
    *(Target(seeds.name_of(p), _parses(p), lambda p=p: seeds.of_parser(p)) for p in PARSERS),  # type: ignore[misc]
    Target("containers", _containers, seeds.of_containers),
    Target("encodings", _encodings, seeds.of_encodings),
    Target("unpacking", _unpacks, lambda: seeds.packed(SUFFIXES)),
    Target("redaction", _redacts, seeds.of_texts),
    Target("configuration", _configures, seeds.of_configurations),
    Target("questions", _asks, seeds.of_questions),
    Target("analysis", _analyses, seeds.of_analyses),
)
