"""CCF105: an edit is refused because the file changed since it was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.rulekit.whereabouts import copies
from forensics.schema import EventKind as K
from forensics.schema import Source
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    Hit,
    Insufficient,
    NotApplicable,
    Severity,
    Slot,
    Statement,
    question,
)
from forensics.session.files.conflicts import NOT_FOUND, REFUSALS, Reads, StaleEdit, stale_edits
from forensics.session.model.agents import AgentEnd
from forensics.session.model.case import Case
from forensics.session.model.files import WRITE_TOOLS, FileAccess
from forensics.session.model.names import agent_name, place
from forensics.text.clock_time import clock_time

SHOWN = 5  # refused edits of one file that are cited
WHO_ELSE = (
    "Who changed the file: a command of the agent's own, a formatter that watches the folder, or the user?"
)

GUIDANCE = Guidance(
    contract=(
        "An edit rests on what was read: Claude Code refuses one of a file that changed since (1.0.128 to 2.0.69; "
        "2.1.330 goes on where the text to replace still fits)."
    ),
    immediate=(
        "Read the named files once more, and see that the refused edit was made again on what is there now",
    ),
    this_week=(
        "Give each file one owner among the agents; let formatters run after the last edit, not between",
    ),
    avoid="Edit a file from memory while another agent, a formatter or a command may write it",
    instead="Read the file again right before the edit, and write what several agents share in one place only",
    before=("Name one owner for each file that several agents need",),
    during=(
        "When an edit is refused: read the file, look at what changed, then decide; do not overwrite it whole",
    ),
    after=("Read the diff of each file with a refused edit: both changes should be in it",),
    metric="No edit was refused because another agent had changed the file",
)


@rule(
    code="CCF105",
    name="stale-edit-collision",
    title="Edit refused: the file had changed",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    topic="1.1",
    any_of=frozenset({Source.TRANSCRIPT}),
    guidance=GUIDANCE,
    related=("CCF101", "CCF104"),
)
def stale_edit_collision(case: Case) -> Iterator[Said]:
    """Find edits that were refused because the file had changed since the agent read it.

    ## What it detects
    A Write, Edit, MultiEdit or NotebookEdit answered by “File has been modified since read”, “has been unexpectedly
    modified” or “File content has changed since it was last read”. Medium where another agent, alive at that time and
    not isolated, wrote the file between this agent's last read and the refused edit; there “String to replace not
    found” counts too. Without such a write it is a note: what changed the file is not in the evidence. One finding for
    each agent and file.

    ## Why it matters
    The refusal is a guard that worked: without it the other agent's change would be lost. Where it happens, the next
    write may not be refused.

    ## How to fix
    One owner for each file; read again before the edit.

    ## Known misses
    2.1.330 makes an edit whose text still fits although the file changed, so there is nothing to see. A writer in
    another session, or through Bash, is not seen: such a refusal is a note. The debug log up to 2.0.24 has no line
    for a refused edit. Agents that never returned leave no records up to 2.0.24.
    """
    edits = [a for a in case.file_accesses if a.tool in WRITE_TOOLS]
    if not edits:
        yield NotApplicable("no file was written or edited")
        return
    collided: dict[tuple[str | None, str], list[StaleEdit]] = {}
    for stale in stale_edits(case):
        if stale.refused.answer_event is not None:
            collided.setdefault((stale.refused.agent_id, stale.path), []).append(stale)
    alone: dict[tuple[str | None, str], list[FileAccess]] = {}
    for access in edits:
        key = (access.agent_id, access.path)
        refused = access.ok is False and any(text in access.answer for text in REFUSALS)
        if refused and key not in collided:
            alone.setdefault(key, []).append(access)
    reads = Reads(case)
    for stales in collided.values():
        yield _collision(case, stales, reads)
    for refusals in alone.values():
        yield _unexplained(case, refusals, reads)
    silent = [a for a in case.agents if a.last_event is None and a.outcome is not AgentEnd.REFUSED]
    if silent:
        yield Insufficient(
            f"agents without records: {len(silent)}; whether their edits were refused is not known"
        )


def _collision(case: Case, stales: Sequence[StaleEdit], reads: Reads) -> Hit:
    refused, written = stales[0].refused, stales[0].written
    who, other = (agent_name(case, a.agent_id) for a in (refused, written))
    known = reads.known_before(refused)
    events = tuple(
        e for s in stales[:SHOWN] for e in _events(s.refused, s.written, reads.known_before(s.refused))
    )
    text = f"{other} wrote {refused.path} at {clock_time(written.answered)}"
    if known is not None:
        how = "read" if known.tool == "Read" else "wrote"
        text = f"{who} {how} {refused.path} at {clock_time(known.called)}, then {other} wrote it at "
        text += clock_time(written.answered)
    told = (
        "the text to replace was no longer there" if NOT_FOUND in refused.answer else "the file had changed"
    )
    answer = f"The edit by {who} was refused at {clock_time(refused.answered)}: {told}"
    return Hit(
        subject=f"{refused.path.rpartition('/')[2]}|{who}|{other}",
        message=f"an edit of {refused.path} by {who} was refused after {other} had written the file",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(events)),
        facts={
            "path": refused.path,
            "agents": [refused.agent_id or "main", written.agent_id or "main"],
            "refusals": len(stales),
            "prevented": NOT_FOUND not in refused.answer,
        },
        statements=(
            Statement(Slot.HAPPENED, Claim.DERIVED, text, _events(refused, written, known)),
            Statement(Slot.HAPPENED, Claim.OBSERVED, answer, _events(refused)),
            _then(case, stales[-1].refused, who),
        ),
        agent_id=refused.agent_id,
        apart=place(case, refused.path),
    )


def _events(
    refused: FileAccess, written: FileAccess | None = None, known: FileAccess | None = None
) -> tuple[int, ...]:
    found = (
        refused.call_event,
        refused.answer_event,
        written.call_event if written is not None else None,
        written.answer_event if written is not None else None,
        known.call_event if known is not None else None,
    )
    return tuple(e for e in found if e is not None)


def _then(case: Case, refused: FileAccess, who: str) -> Statement:
    """Say whether the agent wrote the file after all: its change would be missing otherwise."""
    later = (
        w
        for w in case.writes
        if (w.agent_id, w.path) == (refused.agent_id, refused.path) and w.call_event > refused.call_event
    )
    again = next(later, None)
    if again is None:
        text = f"No later write of {refused.path} by {who} was observed in the transcript"
        return Statement(Slot.IMPACT, Claim.DERIVED, text, _events(refused))
    text = f"{who} wrote the file at {clock_time(again.answered)} after all"
    return Statement(Slot.IMPACT, Claim.DERIVED, text, (*_events(refused), again.call_event))


def _unexplained(case: Case, refusals: Sequence[FileAccess], reads: Reads) -> Hit:
    refused, who = refusals[0], agent_name(case, refusals[0].agent_id)
    commands = _commands_between(case, reads.known_before(refused), refused)
    cites = tuple(e for r in refusals[:SHOWN] for e in _events(r, known=reads.known_before(r)))
    return Hit(
        subject=f"{refused.path.rpartition('/')[2]}|{who}",
        message=f"an edit of {refused.path} by {who} was refused, cause not in evidence",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in dict.fromkeys(cites)),
        facts={
            "path": refused.path,
            "agents": [refused.agent_id or "main"],
            "refusals": len(refusals),
            "commands_between": len(commands),
        },
        statements=(
            *_what_is_known(case.session_id, refusals, who, cites, commands),
            _then(case, refusals[-1], who),
        ),
        severity=Severity.NOTE,
        agent_id=refused.agent_id,
        apart=place(case, refused.path),
        contract_held=True,
    )


def _what_is_known(
    session_id: str,
    refusals: Sequence[FileAccess],
    who: str,
    cites: tuple[int, ...],
    commands: tuple[int, ...],
) -> Iterator[Statement]:
    times = f" ({len(refusals)} times)" if len(refusals) > 1 else ""
    text = (
        f"An edit of {refusals[0].path} by {who} was refused: the file had changed since it was read{times}"
    )
    yield Statement(Slot.HAPPENED, Claim.OBSERVED, text, cites)
    text = (
        "No write by another agent between the read and the edit was observed: the cause is not in evidence"
    )
    yield Statement(Slot.WHY, Claim.DERIVED, text, cites)
    if commands:
        several = f"{len(commands)} commands" if len(commands) > 1 else "a command"
        text = f"Since it last read or wrote the file, the agent ran {several} of its own"
        yield Statement(Slot.WHY, Claim.DERIVED, text, commands[:SHOWN])
    settled_by = (
        f"git log of {refusals[0].path}, and {copies(session_id)}: what changed in it; and the settings of the editor "
        "and of what watches the folder: formatting on save"
    )
    yield question(WHO_ELSE, settled_by, cites[:2])


def _commands_between(case: Case, known: FileAccess | None, refused: FileAccess) -> tuple[int, ...]:
    """Return the agent's own shell commands since it last read or wrote the file."""
    if known is None or known.called is None or refused.called is None:
        return ()
    own = pl.col("agent_id").eq_missing(pl.lit(refused.agent_id, dtype=pl.String))
    meanwhile = pl.col("ts").is_between(known.called, refused.called)
    return tuple(case.of(K.TOOL_CALL).filter(own & (pl.col("tool") == "Bash") & meanwhile)["event_id"])
