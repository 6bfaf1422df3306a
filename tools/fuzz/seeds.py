"""What a fuzzer begins with: the small files of the fixtures, by the format that reads them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from forensics.evidence.discover import discover
from forensics.formats import PARSERS, Parser, parser_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FIXTURES = Path(__file__).parents[2] / "fixtures"
LARGEST, MOST, FEW = 16 * 1024, 60, 4
TRACE = b"""2026-11-22 01:00:00,000 - Called /opt/voice_mode/server.py:12 main
2026-11-22 01:00:00,001 - Exception: (<class 'ValueError'>, ValueError('a
b'), <traceback object at 0x7f00>)
2026-11-22 01:00:09,500 - Called /opt/voice_mode/tools/converse.py:99 converse
"""
# of formats of which no fixture is a file of its own
WRITTEN = {
    "ProcessFile": (
        "sessions/48213.json",
        b'{"pid":48213,"sessionId":"s","version":"2.1.330","status":"busy"}',
    ),
    "VoiceTrace": ("voicemode_trace.log", TRACE),
}
TEXTS = (
    b"\0\0an ordinary sentence",
    b'\1\x80{"env":{"DB_PASSWORD":"',
    b'\2\x40curl -u "',
    b"\3\xffexport TOKEN=",
    b"\4\x10-----BEGIN RSA PRIVATE KEY-----\n",
    b"\5\x30https://user:",
    b"\6\x60[redacted: password, 12 characters]",
)
CONFIGURATIONS = (
    b'rules = ["./our_rules.py"]\n[expect]\nplan = true\n[thresholds.CCF102]\nlasting_s = 30\n',
    b"[tool.forensics]\nrules = []\n[tool.forensics.expect]\nplan = false\n[tool.forensics.thresholds.CCF410]\nm = 1\n",
    b'[thresholds."several-todos-in-progress"]\nlasting_s = 1e3\n[thresholds.CCF101]\nnames = ["a", "b"]\n',
)
QUESTIONS = (
    b"SELECT * FROM events",
    b"WITH a AS (SELECT line FROM events) SELECT COUNT(*) FROM a GROUP BY line ORDER BY 1 LIMIT 3",
    b"/* a */ -- b\n(SELECT file AS \"read_csv\" FROM events WHERE file LIKE '%x' UNION SELECT 'y')",
    b"EXPLAIN SELECT * FROM events JOIN events e USING (line)",
    b"SELECT * FROM read_csv('/etc/passwd')",
    b"SHOW TABLES",
)


def name_of(parser: Parser) -> str:
    """Return a target's name: that of the parser's class, in small letters."""
    return "format-" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(parser).__name__).casefold()


@cache
def _by_parser() -> dict[str, tuple[tuple[str, bytes], ...]]:
    """Return of each parser the small files that it reads: where each would lie, and its bytes."""
    found: dict[str, dict[bytes, str]] = {}
    for log in discover(
        [p for p in sorted(FIXTURES.iterdir()) if p.name not in {"recordings", "fuzz"}]
    ).files:
        parser = parser_for(log.place, log.head)
        if parser is not None and log.size <= LARGEST:
            found.setdefault(type(parser).__name__, {}).setdefault(log.path.read_bytes(), _below(log.path))
    for name, (place, data) in WRITTEN.items():
        found.setdefault(name, {data: place})
    return {
        name: tuple(
            (place, data) for data, place in sorted(logs.items(), key=lambda i: (len(i[0]), i[0]))[:MOST]
        )
        for name, logs in found.items()
    }


def _below(path: Path) -> str:
    """Return the place of a log below its case: a folder of it may tell what the log is."""
    parts = path.relative_to(FIXTURES).parts
    return "/".join(parts[parts.index("input") + 1 :] if "input" in parts else parts[-2:])


def of_parser(parser: Parser) -> Iterator[bytes]:
    """Yield logs that a parser reads."""
    return (data for _, data in _by_parser()[type(parser).__name__])


def place_of(parser: Parser) -> str:
    """Return where the smallest of these logs would lie."""
    return _by_parser()[type(parser).__name__][0][0]


def places() -> list[str]:
    """Return a place of each format."""
    return [place_of(parser) for parser in PARSERS]


def of_analyses() -> Iterator[bytes]:
    """Yield logs of each format, behind the number of its place."""
    for number, parser in enumerate(PARSERS):
        for data in islice(of_parser(parser), FEW):  # an analysis takes a hundred times what parsing does
            yield bytes([number]) + data


def of_containers() -> Iterator[bytes]:
    """Yield logs as grep, a terminal, an editor or PowerShell would hold them."""
    for parser in PARSERS:
        for data in list(of_parser(parser))[:3]:
            yield data
            yield b"".join(
                b"a/b.jsonl:%d:" % n + line for n, line in enumerate(data.splitlines(keepends=True), 1)
            )
            yield b"".join(b"2026-01-01T00:00:00.0000000Z " + line for line in data.splitlines(keepends=True))
            yield b"".join(b"  > " + line for line in data.splitlines(keepends=True))


def of_encodings() -> Iterator[bytes]:
    """Yield texts of every encoding that is told by its mark."""
    for encoding in ("utf-16", "utf-32"):
        for text in ("", '{"type":"user"}\n', "ä€\U0001f600\n" * 9):
            yield text.encode(encoding)
    yield "a\n".encode("utf-16-be").join((b"\xfe\xff", b"\xd8"))


def of_texts() -> Iterator[bytes]:
    """Yield texts around a secret, behind which one it is and where it stands."""
    yield from TEXTS
    for parser in PARSERS:
        yield from (b"\0\x80" + data for data in list(of_parser(parser))[:2])


def of_configurations() -> Sequence[bytes]:
    """Return configurations."""
    return CONFIGURATIONS


def of_questions() -> Sequence[bytes]:
    """Return questions in SQL, harmless and not."""
    return QUESTIONS


def packed(suffixes: Sequence[str]) -> Iterator[bytes]:
    """Yield a log packed in each way, behind the number of its suffix."""
    log = b'{"type":"user"}\n' * 9
    pack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".bz2": bz2.compress,
        ".zst": zstd.compress,
    }
    for number, suffix in enumerate(suffixes):
        first = bytes([number])
        if suffix == ".zip":
            yield first + _zip(log)
        elif suffix in pack:
            yield first + pack[suffix](log)
        else:
            outer = ".gz" if suffix == ".tgz" else Path(suffix).suffix
            yield first + (pack[outer](_tar(log)) if outer in pack else _tar(log))


def _zip(log: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(zipfile.ZipInfo("a/b.jsonl"), log)
        bundle.writestr(zipfile.ZipInfo("../c"), log)
    return out.getvalue()


def _tar(log: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as bundle:
        for name in ("./a/b.jsonl", "../c"):
            info = tarfile.TarInfo(name)
            info.size = len(log)
            bundle.addfile(info, io.BytesIO(log))
    return out.getvalue()
