"""Each log format has one row that says all of it, and what is asked of several formats is asked of the rows."""

from __future__ import annotations

from importlib.resources import files

import pytest

from forensics.formats import PARSERS
from forensics.schema import Source, Tells, telling
from forensics.schema.sources import SOURCES, Writing, written


def test_each_source_has_one_row_in_the_order_of_trust():
    assert list(SOURCES) == list(Source)
    assert len(Source) == len(Source.__members__)


def test_each_source_has_one_parser():
    assert sorted(parser.source for parser in PARSERS) == sorted(Source)


@pytest.mark.parametrize("source", Source)
def test_a_noun_has_its_article_and_names_the_source(source):
    article, noun = source.one.split(" ", 1)
    assert article == ("an" if noun[0].lower() in "aeiou" or noun.startswith("mcp") else "a")
    assert noun.lower().startswith(source.value)


def test_the_shapes_of_a_source_are_a_table_that_is_there():
    tables = {path.name for path in (files("forensics") / "formats" / "known").iterdir()}
    named = {f"{source.about.shapes}.tsv" for source in Source if source.about.shapes}
    assert named
    assert named <= tables


def test_what_was_retold_is_a_conversation():
    assert set(telling(Tells.TOLD_BEFORE)) < set(telling(Tells.TALK))


def test_a_source_is_written_in_one_way():
    ways = [written(way) for way in Writing]
    assert all(ways)
    assert sorted(source for way in ways for source in way) == sorted(Source)
