"""V8's dump of a process that has no memory left, or that met an error it does not survive."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from forensics.formats.claude.witnesses.death import CLIENT_FRAME, Death, How, Said, Witness

FATAL = re.compile(r"^\s*(?P<words>FATAL ERROR: \S.*?)\s*$")
LAST_GCS = re.compile(r"^\s*(?P<words><--- Last few GCs --->)\s*$")
NATIVE = re.compile(r"^ *\d+: 0x[0-9a-f]+ .*\[(?P<binary>[^\]]+)\]\s*$")
FRAME = re.compile(CLIENT_FRAME)
BELOW = 40  # lines of the stack that V8 prints


def full_heaps(lines: Sequence[Said]) -> Iterator[Death]:
    """Yield each fatal error. A dump that is cut off before it has only the words above it."""
    dumps = [at for at, (_, text) in enumerate(lines) if LAST_GCS.match(text)]
    named = [at for at, (_, text) in enumerate(lines) if FATAL.match(text)]
    cut = [at for at in dumps if not any(at < n <= at + BELOW for n in named)]
    for at in sorted((*named, *cut)):
        number, text = lines[at]
        words = FATAL.match(text) or LAST_GCS.match(text)
        below = lines[at : at + BELOW]
        yield Death(
            line=number,
            how=How.CRASHED,
            reason=words["words"] if words else text,
            witness=Witness.RUNTIME,
            is_client=any(FRAME.search(said) for _, said in below) or None,
            lines=(number, *(n for n, said in below if NATIVE.match(said))),
        )
