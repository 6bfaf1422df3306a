"""Which error of the API a run's result quotes."""

from __future__ import annotations

import pytest

from forensics.chain.quoted import quoted_errors
from tests.chain.test_graph import case_of

ERROR = {
    "kind": "api_error",
    "component": "final",
    "at": 1,
    "message": "API Error: 529  Overloaded, try again",
}


def rows_of(*rows):
    return {row["event_id"]: row for row in case_of(*map(dict, rows)).events.iter_rows(named=True)}


def result(words="API Error: 529 Overloaded", status="error_during_execution"):
    return {"kind": "result", "at": 2, "status": status, "message": words}


def test_a_result_quotes_the_last_error_of_the_same_words():
    assert quoted_errors(rows_of(ERROR, ERROR, result())) == {2: 1}


@pytest.mark.parametrize(
    "rows",
    [
        (ERROR, result(status="success")),
        (ERROR | {"component": None}, result()),
        (ERROR, result("API Error: 401 Unauthorized")),
        (ERROR | {"message": "API Error: "}, result()),
        (result(),),
    ],
    ids=["a-success", "a-try-before-the-last", "other-words", "no-words", "no-error"],
)
def test_what_quotes_none(rows):
    assert quoted_errors(rows_of(*rows)) == {}
