"""Text of other encodings is read, and said to be."""

from __future__ import annotations

import codecs
import io

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.evidence.containers.encodings import Decoded
from tests.support.streams import PARALLEL

BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-32-le": codecs.BOM_UTF32_LE}


@pytest.mark.parametrize("encoding", BOMS)
def test_a_stream_that_powershell_wrote_is_read(tmp_path, encoding):
    text = PARALLEL.read_text(encoding="utf-8").replace("\n", "\r\n")
    path = tmp_path / "out.json"
    path.write_bytes(BOMS[encoding] + text.encode(encoding))
    analysis, plain = analyse(Request([path])), analyse(Request([PARALLEL]))
    (session,), (expected,) = analysis.sessions, plain.sessions
    assert [f.message for f in session.findings] == [f.message for f in expected.findings]
    assert [e.line for f in session.findings for e in f.evidence] == [e.line for f in expected.findings for e in f.evidence]  # fmt: skip
    (note,) = [n for n in analysis.notes if "it was read as UTF-8" in n.text]
    assert note.text.startswith(f"out.json is {encoding[:6].upper()} text")
    assert note.places == ("out.json:1",)


def test_halves_of_characters_and_of_units_are_decoded(tmp_path):
    data = codecs.BOM_UTF16_LE + "a😀é".encode("utf-16-le") + b"\x00\xd8" + b"x"
    stream = Decoded(io.BytesIO(data), "UTF-16")
    assert b"".join(iter(lambda: stream.read(1), b"")).decode() == "a😀é\ufffd"
