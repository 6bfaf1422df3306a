"""CCF410: a live-looking credential stands in the evidence. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from forensics.rulekit import (
    Case,
    Cite,
    Confidence,
    Hit,
    Said,
    Saying,
    Severity,
    Source,
    Statement,
    rule,
    words,
)
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import clock_time

SHOWN = 10  # places of one credential that are cited
# found by its surroundings alone, or no secret by itself: an id, a key of web pages, a token that soon ends
WEAK = frozenset({"secret variable", "bearer token", "basic credential"})
LESSER = frozenset({"aws key id", "google key", "jwt"})
OVER = "over"  # the state of a token that could not be used any more
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
    own = seen.filter(pl.col("endpoint").fill_null(case.session_id) == case.session_id)
    if own.is_empty():
        yield TEXT.not_applicable("told-there", kind=seen["component"][0], session=seen["endpoint"][0])
        return
    ranked = own.with_columns(
        weak=pl.col("component").is_in(WEAK),
        harmless=(pl.col("text").is_not_null() | (pl.col("status") == OVER)).any().over("text_sha"),
    )
    # those that a service gave to its tests are one finding
    which = pl.when(pl.col("harmless")).then(pl.coalesce("tool", "text_sha")).otherwise("text_sha")
    for part in ranked.with_columns(which=which).partition_by("which", maintain_order=True):
        yield _hit(part.sort("weak", pl.col("count"), descending=[False, True], maintain_order=True))


def _hit(part: pl.DataFrame) -> Hit:
    first = part.row(0, named=True)
    kind, length, is_masked = first["component"], first["count"], first["status"] == "masked"
    places = part.unique(["file", "line"], keep="first", maintain_order=True)
    files, several = places["file"].n_unique(), part["text_sha"].n_unique()
    shown = tuple(places["event_id"].head(SHOWN))
    named = TEXT.part("named", kind=kind, variable=first["message"]) if kind == "secret variable" else kind
    say = TEXT.saying(
        article="An" if kind[0] in VOWELS else "A",
        what=TEXT.part("partly-masked", what=named) if is_masked else named,
        length=length,
        several=several,
        where=_where(places.height, files),
        listed=TEXT.part(LISTED.get(kind, "at-issuer")),
    )
    # a password of a few characters could be guessed from what is made of it, also without its log
    is_lesser = kind in WEAK | LESSER or is_masked
    mark, is_one = () if kind == "basic credential" else (first["which"],), several == 1
    return say.hit(
        "found" if is_one else "found-several",
        subject="|".join((kind, first["message"], *mark)),
        cites=(Cite(event, first["message"]) for event in shown),
        facts={"kind": kind, "length": length, "places": places.height, "files": files, "masked": is_masked},
        statements=(say.sentence("stands" if is_one else "stand", *shown), *_doubts(part, say, shown)),
        severity=Severity.LOW if first["harmless"] else Severity.MEDIUM if is_lesser else Severity.HIGH,
        confidence=Confidence.MEDIUM if kind in WEAK else Confidence.HIGH,
    )


def _doubts(part: pl.DataFrame, say: Saying, shown: tuple[int, ...]) -> Iterator[Statement]:
    """State why it is hardly of use to anybody; where nothing says so, ask."""
    marked, over = part.filter(pl.col("text").is_not_null()), part.filter(pl.col("status") == OVER)
    if not marked.is_empty():
        yield say.sentence("of-test", marked["event_id"][0], mark=marked["text"][0])
    if not over.is_empty():
        yield say.sentence(
            "over", over["event_id"][0], at=clock_time(datetime.fromtimestamp(over["total"][0], UTC))
        )
    if marked.is_empty() and over.is_empty():
        yield say.sentence("valid", *shown[:1])


def _where(places: int, files: int) -> str:
    how = "in-files" if files > 1 else "one-place" if places == 1 else "several-places"
    return TEXT.part(how, places=places, files=files)
