"""CCF410: a live-looking credential stands in the evidence. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit import Case, Cite, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit import EventKind as K

SHOWN = 10  # places of one credential that are cited
# found by its surroundings alone, or no secret by itself: an id, a key of web pages, a token that soon ends
WEAK = frozenset({"secret variable", "bearer token", "basic credential"})
LESSER = frozenset({"aws key id", "google key", "jwt"})
VOWELS = "aeiox"  # a kind that begins so takes “an”
# where an issuer lists what it has given out; of another kind nothing more is known than that somebody did
LISTED = {
    "anthropic key": "at-anthropic",
    "openai key": "at-openai",
    "github token": "at-github",
    "aws key id": "at-aws",
    "google key": "at-google",
    "slack token": "at-slack",
    "private key": "at-machines",
    "jwt": "in-token",
}
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF410",
    topic="4.7",
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    reads=(),
)
def secret_in_log(case: Case) -> Iterator[Said]:
    """Find credentials that stand in a session's files, and name them by kind and place alone."""
    seen = case.of(K.CREDENTIAL_SEEN)
    if seen.is_empty():
        return
    ranked = seen.with_columns(weak=pl.col("component").is_in(WEAK))
    for part in ranked.partition_by("text_sha", maintain_order=True):
        yield _hit(part.sort("weak", maintain_order=True))


def _hit(part: pl.DataFrame) -> Hit:
    first = part.row(0, named=True)
    kind, length, is_masked = first["component"], first["count"], first["status"] == "masked"
    places = part.unique(["file", "line"], keep="first", maintain_order=True)
    files = places["file"].n_unique()
    shown = tuple(places["event_id"].head(SHOWN))
    named = TEXT.part("named", kind=kind, variable=first["message"]) if kind == "secret variable" else kind
    say = TEXT.saying(
        article="An" if kind[0] in VOWELS else "A",
        what=TEXT.part("partly-masked", what=named) if is_masked else named,
        length=length,
        where=_where(places.height, files),
        listed=TEXT.part(LISTED.get(kind, "at-issuer")),
    )
    # a password of a few characters could be guessed from what is made of it, also without its log
    mark = () if kind == "basic credential" else (first["text_sha"],)
    return say.hit(
        "found",
        subject="|".join((kind, first["message"], *mark)),
        cites=(Cite(event, first["message"]) for event in shown),
        facts={"kind": kind, "length": length, "places": places.height, "files": files, "masked": is_masked},
        statements=(say.sentence("stands", *shown), say.sentence("valid", *shown[:1])),
        severity=Severity.MEDIUM if kind in WEAK | LESSER or is_masked else Severity.HIGH,
        confidence=Confidence.MEDIUM if kind in WEAK else Confidence.HIGH,
    )


def _where(places: int, files: int) -> str:
    if files > 1:
        return TEXT.part("in-files", places=places, files=files)
    return TEXT.part("one-place" if places == 1 else "several-places", places=places)
