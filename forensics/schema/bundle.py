"""The bundle's vocabulary: what its members are called, and the lines of their lists of hashes.

A bundle is a zip of exactly these members. ``MANIFEST.sha256`` and ``BUNDLE.sha256`` are lists as ``sha256sum -c``
reads them: the first of the files that were given, the second of the members before it.
"""

from __future__ import annotations

from forensics.text.controls import plain

MANIFEST_VERSION = "1"
REPORT, PAGE, FINDINGS, CITED = "report.md", "report.html", "findings.json", "cited-lines.jsonl"
INPUTS, MANIFEST, MEMBERS = "MANIFEST.sha256", "manifest.json", "BUNDLE.sha256"
LISTED = (REPORT, PAGE, FINDINGS, CITED, INPUTS)  # with their hashes, in the manifest
NAMES = (*LISTED, MANIFEST, MEMBERS)  # in their order


def sum_line(sha256: str, name: str) -> str:
    """Return a line of such a list. A backslash in a name is doubled there, and the line begins with one."""
    told = plain(name)
    return f"\\{sha256}  {told.replace(chr(92), chr(92) * 2)}\n" if "\\" in told else f"{sha256}  {told}\n"
