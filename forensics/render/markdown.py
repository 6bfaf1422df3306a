"""The incident report in Markdown, as GitHub shows it."""

from __future__ import annotations

from pathlib import Path

from forensics.analysis import Analysis
from forensics.render.incident import lay_out
from forensics.render.templates import environment, render
from forensics.render.views import Exhibits


def to_markdown(analysis: Analysis, *, tz: str | None = None, templates: Path | None = None) -> str:
    """Return the report of all sessions; the same input gives the same bytes.

    Raises ``TemplateError`` where a template fails, ``UsageError`` where ``templates`` is no folder.
    """
    env = environment(templates)
    exhibits = Exhibits()
    incidents = [lay_out(session, analysis, tz, exhibits) for session in analysis.sessions]
    context: dict[str, object] = {"analysis": analysis, "incidents": incidents}
    return render(env, "report.md.j2", context)
