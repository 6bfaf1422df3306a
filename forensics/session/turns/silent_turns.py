"""Silences inside open turns: who waited meanwhile for what nobody had to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from forensics.schema import EventKind as K
from forensics.schema import Source, is_from
from forensics.session.model.case import Case
from forensics.session.turns.open_turns import Wait, WaitsFor, waits_during, waits_of
from forensics.session.turns.silences import Silence, silences_of

GOING = (WaitsFor.MODEL, WaitsFor.CALL)


@dataclass(frozen=True, slots=True)
class SilentTurn:
    """A silence, and the waits in it that no person could end; null where the evidence does not decide."""

    silence: Silence
    waits: Sequence[Wait] | None

    @property
    def around(self) -> tuple[int, int]:
        """Return the records before and behind the silence."""
        return self.silence.since_event, self.silence.until_event

    @property
    def opened(self) -> tuple[int, ...]:
        """Return the records with which the waits began, and the open calls."""
        return tuple(dict.fromkeys(e for w in self.waits or () for e in w.events))

    @property
    def tools(self) -> list[str]:
        """Return the tools of the open calls."""
        return list(dict.fromkeys(t for w in self.waits or () for t in w.tools))

    def asked(self, case: Case) -> list[str]:
        """Return the digests of what the open calls were asked to do."""
        asked = case.events.filter(pl.col("event_id").is_in(list(self.opened)))["text_sha"]
        return list(asked.drop_nulls())


def has_turns(case: Case) -> bool:
    """Say whether any record of a turn is in the evidence."""
    return not case.of(K.USER_PROMPT, K.TOOL_CALL, K.ASSISTANT_MESSAGE).is_empty()


def silent_turns(case: Case, least_s: float) -> Iterator[SilentTurn]:
    """Yield the silences of at least ``least_s`` seconds, each with what was open meanwhile."""
    silences = silences_of(case, least_s)
    if not silences:
        return
    waits = list(waits_of(case, timedelta(seconds=least_s)))
    for silence in silences:
        yield SilentTurn(silence, _unanswerable(case, silence, waits_during(case, silence, waits)))


def _unanswerable(case: Case, silence: Silence, meanwhile: Sequence[Wait]) -> Sequence[Wait] | None:
    """Return the waits that nobody could end by answering; null where the evidence does not decide."""
    going = [w for w in meanwhile if w.what in GOING]
    waiting = [w for w in meanwhile if w.what is WaitsFor.AGENTS]
    if going or not waiting:
        return going
    if any(w.what is WaitsFor.OTHERS for w in meanwhile):
        return ()
    return waiting if _is_logged(case, silence) else None


def _is_logged(case: Case, silence: Silence) -> bool:
    """Say whether the client's own log has records on both sides of a silence."""
    log = case.events.filter(is_from((Source.CLAUDE_DEBUG,)))["ts"]
    return bool((log <= silence.since).any() and (log >= silence.until).any())
