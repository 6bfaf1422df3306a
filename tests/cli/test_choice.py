"""Which sessions the user meant: spans of time, the newest, the last so many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forensics.cli.choice import Choice, parse_span
from forensics.errors import UsageError


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("2h", timedelta(hours=2)),
        ("1.5d", timedelta(days=1.5)),
        ("3 W", timedelta(weeks=3)),
    ],
)
def test_spans(text, span):
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2 hours", "tomorrow"])
def test_no_spans(text):
    with pytest.raises(UsageError, match="90m"):
        parse_span(text)


class Session:
    def __init__(self, session_id, modified):
        self.session_id, self.modified = session_id, modified


NOW = datetime(2026, 1, 10, tzinfo=UTC)
SESSIONS = [Session("a", NOW - timedelta(days=3)), Session("b", None), Session("c", NOW - timedelta(hours=1))]


def chosen(default=None, **kwargs):
    return [s.session_id for s in Choice(**kwargs).among(SESSIONS, NOW, default)]


def test_a_choice_is_newest_first_and_an_undated_session_comes_last():
    assert chosen() == ["c", "a", "b"]
    assert chosen(default=1) == ["c"]
    assert chosen(default=1, everything=True) == ["c", "a", "b"]
    assert chosen(last=2) == ["c", "a"]
    assert chosen(since=timedelta(hours=2)) == ["c"]
    assert chosen(since=timedelta(days=4), last=1) == ["c"]
    assert chosen(session="b") == ["b"]
    assert chosen(ids=frozenset("ab")) == ["a", "b"]
