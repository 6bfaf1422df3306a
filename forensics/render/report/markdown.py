"""The incident report in Markdown, as GitHub shows it."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from forensics.analysis.model import Analysis
from forensics.render.pictures.layout import pictures_of
from forensics.render.references import ShortNames
from forensics.render.report.incident import lay_out_all
from forensics.render.report.overview import overview_of
from forensics.render.templates import environment, render

BLANK_LINES = re.compile(r"\n{3,}")


def to_markdown(
    analysis: Analysis, *, tz: str | None = None, templates: Path | None = None, assets: str | None = None
) -> str:
    """Return the report of all sessions; the same input gives the same bytes.

    ``assets`` is the folder that holds the pictures as files, as a link from the report has it.

    Raises ``TemplateError`` where a template fails, ``UsageError`` where ``templates`` is no folder.
    """
    env = environment(templates)
    env.filters["short"] = ShortNames(i.evidence.name for i in analysis.inputs).of
    incidents = lay_out_all(analysis, tz, partial(pictures_of, assets=assets))
    context: dict[str, object] = {
        "analysis": analysis,
        "incidents": incidents,
        "overview": overview_of(analysis, incidents),
    }
    # one blank line says as much as several, and templates need not count theirs
    return BLANK_LINES.sub("\n\n", render(env, "report.md.j2", context))
