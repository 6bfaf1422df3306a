"""Fields and texts of one record that contradict each other, as remarks: both are quoted, and what was judged by."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.evidence.account import Contradiction, Remark
from forensics.formats.base import Parsed
from forensics.privacy.redact import redact
from forensics.text.numbers import counted

CONTRADICTION = "contradicts its text"
PLACES = 5  # that one remark names


def contradictions_in(parsed: Parsed, file: int) -> Iterator[Remark]:
    """Yield one remark for each field that is contradicted and what is judged, with the first text's words."""
    alike: dict[tuple[str, str], list[Contradiction]] = {}
    for one in parsed.contradictions:
        alike.setdefault((one.field, one.judged), []).append(one)
    for found in alike.values():
        first = found[0]
        records = "A record" if len(found) == 1 else counted(len(found), "record")
        text = (
            f"{records} of which a field {CONTRADICTION}: the field says “{first.field}”, the text "
            f"“{first.text}”; judged by {first.judged}"
        )
        yield Remark(redact(text), tuple((file, one.line) for one in found[:PLACES]))
