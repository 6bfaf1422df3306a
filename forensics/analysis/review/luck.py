"""Where luck helped: a hazard that did no harm, where lines show both the hazard and that nothing was lost."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.analysis.review.basis import Basis
from forensics.analysis.review.last_write import last_write
from forensics.analysis.review.shape import Told
from forensics.schema import EventKind as K
from forensics.schema.finding import Claim
from forensics.session.files.conflicts import by_file, write_conflicts
from forensics.session.model.ending import Verdict
from forensics.session.model.names import agent_name, place

MOST = 3


def luck_of(basis: Basis) -> Iterator[Told]:
    """Yield the hazards of one session that did no harm."""
    yield from _known_writes(basis)
    yield from _last_write(basis)


def _known_writes(basis: Basis) -> Iterator[Told]:
    """Yield the files that two agents wrote where each second writer had read what the first one wrote."""
    case = basis.case
    for found in by_file(write_conflicts(case))[:MOST]:
        if any(c.reread is None for c in found):
            continue
        first, second, reread = found[0].first, found[0].second, found[0].reread
        who, other = agent_name(case, first.agent_id), agent_name(case, second.agent_id)
        text = (
            f"{who} and {other} both wrote {place(case, found[0].path)} while both were alive, but {other} "
        )
        text += "read the file again before it wrote"
        shown = [first.call_event, *([reread.call_event] if reread else []), second.call_event]
        yield basis.told(text, Claim.DERIVED, shown)


def _last_write(basis: Basis) -> Iterator[Told]:
    """Yield the write behind which the record stops, if it was complete."""
    case, written = basis.case, last_write(basis.case)
    if written is None or case.ending.verdict is not Verdict.TRUNCATED:
        return
    path, event = written
    if path in case.of(K.DISK_WRITE)["path"]:  # what the client keeps for itself is nobody's work
        text = f"The record stops right after a file write that was complete: {place(case, path)}"
        yield basis.told(text, Claim.OBSERVED, (event,))
