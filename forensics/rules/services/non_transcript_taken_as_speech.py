"""CCF211: no words of the user's were taken for them. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Cite, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.session.speech.non_speech import (
    NonSpeech,
    every_request_failed,
    non_speech,
    tells_what_was_heard,
)
from forensics.session.speech.results import SERVER_LINES, is_spoken_in
from forensics.session.speech.tables import short

QUOTED, SHOWN = 40, 60  # characters of a text in its line, and in a sentence
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF211",
    topic="2.1",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=frozenset(
        {
            *SERVER_LINES,
            Source.VOICE_EVENTS,
            Source.VOICE_EXCHANGES,
            Source.VOICE_HEARD,
            Source.TRANSCRIPT,
        }
    ),
    reads=("speech", "mcp"),
    related=("CCF205",),
)
def non_transcript_taken_as_speech(case: Case) -> Iterator[Said]:
    """Find markup and JSON errors that were taken for what the user said."""
    if not is_spoken_in(case):
        yield TEXT.not_applicable("no-voice")
        return
    yield from (_hit(found) for found in non_speech(case))
    if not tells_what_was_heard(case):
        if Source.VOICE_EVENTS in case.sources or every_request_failed(case):
            yield TEXT.not_applicable("nothing-heard")
        else:
            yield TEXT.insufficient("not-here")


def _hit(found: NonSpeech) -> Hit:
    n, names = found.count, found.providers
    say = TEXT.saying(
        form=found.form,
        by=TEXT.part("by", names=", ".join(names)) if names else "",
        times=TEXT.part("times", n=n) if n > 1 else "",
        start=short(found.texts[0].text.strip(), SHOWN),
        asked=" and ".join(names) or TEXT.part("endpoint"),
    )
    return say.hit(
        "taken",
        subject=f"stt|{found.form}",
        cites=(Cite(t.event, t.text[:QUOTED]) for t in found.texts),
        facts={"form": found.form, "occurrences": n, "providers": [*names]},
        statements=(
            say.sentence("begins", *found.events),
            say.sentence("no-status", *found.events),
            say.sentence("returned" if found.results else "returned-too", *(found.results or found.events)),
            say.sentence("who-answers", *found.events),
        ),
    )
