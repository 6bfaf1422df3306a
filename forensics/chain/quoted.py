"""A run's result that has the words of the request's error with which the run ended: one failure, told twice.

In a transcript the error itself is the end. A stream prints its words once more in the run's result: a chain from the
one to the other would be a chain of one failure.
"""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema import EventKind as K
from forensics.schema import Row
from forensics.session.model.ending import reason_of

COMPARED = 100  # characters: a result may cut the words, or add a request's id behind them


def quoted_errors(rows: Mapping[int, Row]) -> dict[int, int]:
    """Return for each run's result that quotes a request's last error that error's record."""
    errors = [r for r in rows.values() if r["kind"] == K.API_ERROR.value and r["component"] == "final"]
    results = [r for r in rows.values() if r["kind"] == K.RESULT.value and r["status"] != "success"]
    found = {}
    for result in results:
        words = _first_words(reason_of(result))
        said = [(e, _first_words(e["message"])) for e in errors]
        quoted = [e["event_id"] for e, text in said if text and words and (text in words or words in text)]
        if quoted:
            found[result["event_id"]] = quoted[-1]
    return found


def _first_words(text: str | None) -> str:
    return " ".join(str(text or "").removeprefix("API Error: ").split())[:COMPARED]
