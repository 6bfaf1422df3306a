"""Incident reports and a CI gate for Claude Code and voicemode sessions.

For programs there are three promises: ``forensics.analyse``, whose tables are polars DataFrames; the import path
``forensics.rulekit``, for rules of one's own; and the JSON of ``forensics check --format json``. Importing the package
costs nothing: what is heavy is imported when it is used.
"""

from __future__ import annotations

from forensics.text.version import __version__

TYPE_CHECKING = False  # as typing's own, which need not be imported for it
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from forensics.render.frames import Frames
    from forensics.rulekit import Rule

__all__ = ["__version__", "analyse"]


def analyse(
    paths: str | Path | Sequence[str | Path],
    *,
    tz: str | None = None,
    rules: Sequence[Rule] | None = None,
    redact: bool = True,
    anonymise: bool = False,
) -> Frames:
    """Analyse log files, folders that hold them, or packed ones, and return what they say as tables.

    ``tz`` names the zone of clocks that name none. ``rules`` replace ours. Without ``redact`` secrets stay; with
    ``anonymise`` people, hosts and home folders get pseudonyms.

    Raises ``forensics.errors.UsageError`` for a path or zone that does not exist and for ``rules`` that are none,
    ``NothingReadableError`` where no line of any file could be understood.
    """
    from dataclasses import replace
    from pathlib import Path

    from forensics.analysis import anonymise as pseudonyms
    from forensics.analysis import engine
    from forensics.analysis.request import Request
    from forensics.render.frames import Frames
    from forensics.rulekit.own_rules import several

    named = tuple(Path(p) for p in ([paths] if isinstance(paths, str | Path) else paths))
    request = Request(named, zone=tz, redacting=redact)
    analysis = engine.analyse(request if rules is None else replace(request, rules=several(rules)))
    return Frames(pseudonyms.anonymise(analysis) if anonymise else analysis)
