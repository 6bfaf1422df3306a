"""Edits that were refused because the file had changed since their agent knew it, and what is known of why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from forensics.schema import EventKind as K
from forensics.session.files.conflicts import NOT_FOUND, REFUSALS, Reads, stale_edits
from forensics.session.model.case import Case, per_case
from forensics.session.model.files import WRITE_TOOLS, FileAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEdit:
    """An edit that was refused; ``known`` is the call by which its agent last knew the file: it read or wrote it."""

    refused: FileAccess
    known: FileAccess | None

    @property
    def refusal(self) -> tuple[int | None, ...]:
        """Return the records of the edit and of its answer."""
        return self.refused.call_event, self.refused.answer_event

    @property
    def known_by(self) -> int | None:
        """Return the record of the call before."""
        return self.known.call_event if self.known is not None else None

    @property
    def is_text_gone(self) -> bool:
        """Say whether the answer names the text to replace, and not the file."""
        return NOT_FOUND in self.refused.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class CollidedEdit(RefusedEdit):
    """An edit that was refused after another living agent had written the file."""

    written: FileAccess

    @property
    def events(self) -> tuple[int | None, ...]:
        """Return all records that show it: the edit, the other's write, their answers, and the call before."""
        return *self.refusal, self.written.call_event, self.written.answer_event, self.known_by


Edit = TypeVar("Edit", bound=RefusedEdit)


def edits_in(case: Case) -> list[FileAccess]:
    """Return the calls that write files, however they were answered."""
    return [a for a in case.file_accesses if a.tool in WRITE_TOOLS]


@per_case
def collided_edits(case: Case) -> list[list[CollidedEdit]]:
    """Return the edits that were refused after another living agent had changed the file, by agent and file."""
    reads = Reads(case)
    return _by_agent_and_file(
        CollidedEdit(refused=s.refused, known=reads.known_before(s.refused), written=s.written)
        for s in stale_edits(case)
        if s.refused.answer_event is not None
    )


def unexplained_edits(case: Case) -> list[list[RefusedEdit]]:
    """Return the edits of agents and files of which none collided, and that were refused for a change all the same."""
    collided, reads = {_key(edits[0].refused) for edits in collided_edits(case)}, Reads(case)
    return _by_agent_and_file(
        RefusedEdit(refused=edit, known=reads.known_before(edit))
        for edit in edits_in(case)
        if edit.ok is False and _key(edit) not in collided and any(text in edit.answer for text in REFUSALS)
    )


def _by_agent_and_file(edits: Iterable[Edit]) -> list[list[Edit]]:
    groups: dict[tuple[str | None, str], list[Edit]] = {}
    for edit in edits:
        groups.setdefault(_key(edit.refused), []).append(edit)
    return list(groups.values())


def _key(access: FileAccess) -> tuple[str | None, str]:
    return access.agent_id, access.path


def write_after(case: Case, refused: FileAccess) -> FileAccess | None:
    """Return the write by which the same agent changed the file after all: its change would be missing otherwise."""
    later = (w for w in case.writes if _key(w) == _key(refused) and w.call_event > refused.call_event)
    return next(later, None)


def commands_before(case: Case, edit: RefusedEdit) -> tuple[int, ...]:
    """Return the agent's own shell commands since it last read or wrote the file."""
    known, refused = edit.known, edit.refused
    if known is None or known.called is None or refused.called is None:
        return ()
    own = pl.col("agent_id").eq_missing(pl.lit(refused.agent_id, dtype=pl.String))
    meanwhile = pl.col("ts").is_between(known.called, refused.called)
    return tuple(case.of(K.TOOL_CALL).filter(own & (pl.col("tool") == "Bash") & meanwhile)["event_id"])
