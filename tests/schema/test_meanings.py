"""What the table of columns says of each kind of event holds for the events of all fixtures, and of the recordings."""

from __future__ import annotations

from collections import defaultdict

import polars as pl
import pytest

from forensics.evidence.discover import discover
from forensics.schema import EVENTS, EventKind
from forensics.schema.meanings import ALWAYS, COLUMNS, MEANINGS
from forensics.table.ingest import ingest
from tests.support.places import FIXTURES

# words of the vocabulary that no format uses today
UNUSED = {EventKind.AGENT_RESULT, EventKind.FILE_WRITE, EventKind.FILE_READ}
K = EventKind
# what no fixture holds, but a recording beside the checkout
RECORDED_ONLY = {
    (K.TOOL_DISPATCH, "component"),
    (K.API_STALL, "count"),
    (K.API_STALL, "duration_ms"),
}
SDK = "the SDK's log of requests is no recording's; the tests of its parser write lines of it"
THINKING = "a scripted API says no thoughts; sessions of people hold them"
SHORTAGE = "by the sources of Python and httpx; no recorded server ran out of anything"
LATER = "told when the sessions of all files are known; the tests of CCF410 hold it"
# what neither holds, and why it is told all the same
NEVER_SEEN = {
    (K.CREDENTIAL_SEEN, "endpoint"): LATER,
    (K.API_ERROR, "endpoint"): SDK,
    (K.HTTP_RESPONSE, "duration_ms"): SDK,
    (K.OTHER, "message_id"): THINKING,
    (K.OTHER, "endpoint"): THINKING,
    (K.OTHER, "tokens"): THINKING,
    (K.RESOURCE_EXHAUSTED, "component"): SHORTAGE,
    (K.RESOURCE_EXHAUSTED, "status"): SHORTAGE,
}


@pytest.fixture(scope="module")
def told():
    """Return the columns that are filled in the fixtures, by kind."""
    return columns_of(ingest(discover([FIXTURES])).events)


def columns_of(events):
    found = defaultdict(set)
    for kind, *counts in events.group_by("kind").agg(pl.all().count()).iter_rows():
        names = [name for name in events.columns if name != "kind"]
        found[EventKind(kind)] |= {name for name, n in zip(names, counts, strict=True) if n}
    return found


def test_every_column_of_the_schema_is_told():
    assert set(COLUMNS) == set(EVENTS)
    assert set(COLUMNS) > ALWAYS


def test_every_kind_has_a_row_with_columns_of_the_schema():
    assert set(MEANINGS) == set(EventKind) - UNUSED
    for kind, meaning in MEANINGS.items():
        assert meaning.told, kind
        assert set(meaning.columns) <= set(EVENTS) - ALWAYS, kind
        assert all(meaning.columns.values()), kind


def test_every_column_that_depends_on_the_kind_is_told_for_some_kind():
    assert {name for m in MEANINGS.values() for name in m.columns} == set(COLUMNS) - ALWAYS


@pytest.mark.whole
def test_an_event_of_a_fixture_has_no_column_that_is_not_told(told):
    assert len(told) >= 70
    strange = {
        (kind, name) for kind, names in told.items() for name in names - ALWAYS - set(MEANINGS[kind].columns)
    }
    assert strange == set()


@pytest.mark.whole
def test_what_is_told_is_in_a_fixture_or_its_absence_has_a_reason(told):
    unseen = {
        (kind, name) for kind, m in MEANINGS.items() for name in m.columns if name not in told.get(kind, ())
    }
    assert unseen == RECORDED_ONLY | set(NEVER_SEEN)


@pytest.mark.corpus
@pytest.mark.whole
def test_what_is_told_of_recordings_is_in_one(corpus):
    found = defaultdict(set)
    for folder in sorted(p for p in corpus.iterdir() if p.is_dir() and p.name != "public"):
        for kind, names in columns_of(ingest(discover([folder])).events).items():
            found[kind] |= names
    strange = {
        (kind, name) for kind, names in found.items() for name in names - ALWAYS - set(MEANINGS[kind].columns)
    }
    assert strange == set()
    assert all(name in found[kind] for kind, name in RECORDED_ONLY)
    assert not any(name in found[kind] for kind, name in NEVER_SEEN)
