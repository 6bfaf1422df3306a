"""Text of another encoding, as PowerShell's redirection writes it, as UTF-8."""

from __future__ import annotations

import codecs
from typing import BinaryIO

MARKS = {  # the longer first: one begins like the other
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that a byte order mark at a file's beginning names; null for UTF-8."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), None)


class Decoded:
    """Reads a stream of an encoding as UTF-8. What is no character becomes U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._is_over = False

    def read(self, size: int, /) -> bytes:
        """Return some bytes, until there are no more."""
        while not self._is_over:
            chunk = self._stream.read(size)
            self._is_over = not chunk
            text = self._decoder.decode(chunk, final=self._is_over)
            if text:
                return text.encode("utf-8", "replace")
        return b""
