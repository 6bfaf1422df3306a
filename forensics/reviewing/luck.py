"""Where luck helped: a hazard that did no harm, where lines show both the hazard and that nothing was lost."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.aspects.conflicts import agent_name, by_file, place, write_conflicts
from forensics.finding import Claim
from forensics.review import Told
from forensics.reviewing.basis import Basis
from forensics.schema import EventKind as K
from forensics.verdict import Verdict

WRITTEN = " written atomically"  # how the client's log ends the line of a file that is complete
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
            f"{_capital(who)} and {other} both wrote {place(case, found[0].path)} while both were alive, but "
        )
        text += f"{other} read the file again before it wrote"
        shown = [first.call_event, *([reread.call_event] if reread else []), second.call_event]
        yield basis.told(text, Claim.DERIVED, shown)


def _last_write(basis: Basis) -> Iterator[Told]:
    """Yield the write behind which the record stops, if it was complete."""
    case, last = basis.case, basis.case.ending.last_event
    if case.ending.verdict is not Verdict.TRUNCATED or last is None:
        return
    message = str(case.event(last)["message"] or "")
    written = case.of(K.DISK_WRITE)["path"].to_list()  # what the client keeps for itself is nobody's work
    if message.endswith(WRITTEN) and message.removeprefix("File ").removesuffix(WRITTEN) in written:
        path = message.removeprefix("File ").removesuffix(WRITTEN)
        text = f"The record stops right after a file write that was complete: {place(case, path)}"
        yield basis.told(text, Claim.OBSERVED, (last,))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
