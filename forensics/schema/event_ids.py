"""An event's id: the rank of its file by content hash, its line, and which record of that line it is.

63 bits: 2**18 files, 2**31 lines, 2**14 records in a line.
"""

from __future__ import annotations

import polars as pl

LINE_SHIFT, FILE_SHIFT = 14, 45
# the last one of a line is the log's own edge; what is noted of a line stands before that. More records in one
# line than fit before the notes are left out, and said to be
LAST_ORDINAL = (1 << LINE_SHIFT) - 1
FIRST_NOTE = LAST_ORDINAL - 255


def ids_in(rank: int) -> pl.Expr:
    """Make the ids of the events of a file of this rank, of their ``line`` and ``ordinal``."""
    line, ordinal = pl.col("line").cast(pl.UInt64), pl.col("ordinal").cast(pl.UInt64)
    return (rank << FILE_SHIFT) + line * (1 << LINE_SHIFT) + ordinal


def same_file(one: int, other: int) -> bool:
    """Say whether two events stand in one file."""
    return one >> FILE_SHIFT == other >> FILE_SHIFT
