"""A file's lines with its records one on a line, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from forensics.evidence.batch import Batch
from forensics.evidence.containers.values import Joiner, Value, values_of


def laid_out(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the lines of batches with each record on one of them. A record may go on in the next batch."""
    joiner = Joiner()
    held: list[Value] = []
    is_whole = True
    for batch in batches:
        if held:
            yield _batch(held)
        lines = batch.data.split(b"\n")
        is_whole = not lines[-1]
        if is_whole:
            lines.pop()
        numbers = batch.numbered(len(lines))
        held = [v for n, line in zip(numbers, lines, strict=True) for v in joiner.take(n, line)]
    held += joiner.end()
    if held:  # an empty line has an end, or it would be none
        yield _batch(held, end=b"" if held[-1].data and not is_whole else b"\n")


def head_of(text: bytes) -> bytes:
    """Return a head with each record on one line."""
    return b"\n".join(value.data for value in values_of(enumerate(text.split(b"\n"), 1)) if value.data)


def _batch(values: Sequence[Value], end: bytes = b"\n") -> Batch:
    return Batch(
        values[0].line,
        b"\n".join(value.data for value in values) + end,
        numbers=tuple(value.line for value in values),
        spans=tuple(value.lines for value in values),
        before_ends=tuple(value.before_end for value in values),
    )
