"""Making a bundle: its members' bytes, and the file that holds them.

The same bytes for the same input and version: members stand in one order, with one date and one set of rights, and
are not compressed: what a compressed byte is depends on the library that was at hand.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from forensics.analysis.model import Analysis
from forensics.errors import ChangedEvidenceError
from forensics.evidence.custody import After, Held, hashed_again
from forensics.render.answers.json_report import to_json
from forensics.render.bundle.cited_lines import cited_lines
from forensics.render.bundle.manifest import inputs_list, to_manifest
from forensics.render.report.html.page import to_html
from forensics.render.report.markdown import to_markdown
from forensics.schema.bundle import CITED, FINDINGS, INPUTS, MANIFEST, MEMBERS, PAGE, REPORT, sum_line

DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can name
UNIX, RIGHTS = 3, 0o100644 << 16


def bundle_of(analysis: Analysis, zone: str | None) -> bytes:
    """Return the bundle. Raises ``ChangedEvidenceError`` where a file is no longer what it was when it was hashed."""
    return packed(members_of(analysis, zone))


def members_of(analysis: Analysis, zone: str | None) -> dict[str, bytes]:
    """Return the members by their names, in their order; the files that were given are hashed again last of all."""
    texts = {
        REPORT: to_markdown(analysis, tz=zone),
        PAGE: to_html(analysis, tz=zone),
        FINDINGS: to_json(analysis),
        CITED: cited_lines(analysis),
        INPUTS: inputs_list(analysis),
    }
    members = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    after = {held: hashed_again(held) for held in analysis.custody.ledger}
    _require_unchanged(after)
    members[MANIFEST] = to_manifest(analysis, after, members, zone).encode("utf-8", "replace")
    sums = (sum_line(hashlib.sha256(data).hexdigest(), name) for name, data in members.items())
    members[MEMBERS] = "".join(sums).encode()
    return members


def _require_unchanged(after: Mapping[Held, After]) -> None:
    changed = sorted(held.name for held, state in after.items() if state is After.CHANGED)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        msg = (
            f"{changed[0]}{more}: changed since it was hashed and read, so no bundle is written; copy the logs "
            "somewhere where nothing writes to them, and take the copy"
        )
        raise ChangedEvidenceError(msg)


def packed(members: Mapping[str, bytes]) -> bytes:
    """Return a zip of the members: no byte of it depends on when, where or by whom it was made."""
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_STORED) as bundle:
        for name, data in members.items():
            info = ZipInfo(name, DATE)
            info.create_system, info.external_attr = UNIX, RIGHTS
            bundle.writestr(info, data)
    return held.getvalue()
