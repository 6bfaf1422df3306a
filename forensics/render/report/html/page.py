"""The incident report as one HTML file: nothing is loaded from anywhere, and without script all of it can be read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from forensics.analysis.model import Analysis
from forensics.render.markup import COMMAND, capitalised
from forensics.render.pictures.layout import pictures_of
from forensics.render.references import ShortNames, in_order
from forensics.render.report.html.sheets import SessionSheet, choices_of, sheets_of
from forensics.render.report.incident import lay_out_all
from forensics.render.report.overview import overview_of
from forensics.render.templates import environment, render, source_of
from forensics.text.controls import plain

NEEDS_NO_STOP = (".", "?", "!", "…", ":")
LONGEST_NAME, KEPT = 22, 10  # characters of a file's name in a table
STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def to_html(analysis: Analysis, *, tz: str | None = None, templates: Path | None = None) -> str:
    """Return the report of all sessions; the same input gives the same bytes.

    Raises ``TemplateError`` where a template fails, ``UsageError`` where ``templates`` is no folder.
    """
    env = _environment(templates)
    env.filters["short"] = _short_names(analysis)
    incidents = lay_out_all(analysis, tz, pictures_of)
    sheets = sheets_of(analysis, incidents)
    style, script = (source_of(env, f"html/{name}") for name in ("style.css", "script.js"))
    context: dict[str, object] = {
        "analysis": analysis,
        "sheets": sheets,
        "overview": overview_of(analysis, incidents),
        "choices": choices_of(sheets),
        "style": Markup(style),  # noqa: S704 - our file, or the user's own
        "script": Markup(script),  # noqa: S704
        "policy": _policy((style, *_styles_of_pictures(sheets)), script),
    }
    return render(env, "html/report.html.j2", context)


def _environment(folder: Path | None) -> Environment:
    """Return an environment in which all text is escaped, and no character in it moves the text around."""
    env = environment(folder)
    env.autoescape = True
    env.finalize = _finalized
    env.filters |= {"say": say, "advised": advised, "in_order": in_order}
    return env


def _finalized(value: object) -> object:
    """Take control characters out of every text that a template prints; what is marked as HTML stays."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def say(text: object) -> str:
    """Return a sentence: with a capital where it begins with a word, and with its full stop."""
    return _stopped(capitalised(plain(text).strip()))


def _stopped(text: str) -> str:
    return text if text.endswith(NEEDS_NO_STOP) else f"{text}."


def advised(text: object) -> Markup:
    """Return guidance as a sentence: what stands between backticks is a command, and nothing is added to it."""
    pieces = COMMAND.split(capitalised(plain(text).strip()))
    if pieces[-1]:
        pieces[-1] = _stopped(pieces[-1])
    shown = (Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))
    return Markup("").join(shown)


def _short_names(analysis: Analysis) -> Callable[[str], str]:
    """Return what shortens the names of files: in the middle where that names one file, else to the end that does."""
    names = {i.evidence.name for i in analysis.inputs}
    held = Counter(short_name(name) for name in names)
    ends = ShortNames(names)
    return lambda path: short if held[short := short_name(path)] <= 1 else ends.of(path)


def short_name(path: object) -> str:
    """Return the last part of a path, its middle left out where it is long: session ids are."""
    name = plain(path).rpartition("/")[2]
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{(stem or name)[:KEPT]}…{dot}{ending if stem else ''}"


def _policy(styles: Iterable[str], script: str) -> str:
    """Return the page's content security policy: its own style and script, known by their hashes, and nothing else."""
    known = " ".join(dict.fromkeys(_hash(style) for style in styles))
    return (
        f"default-src 'none'; style-src {known}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _styles_of_pictures(sheets: Iterable[SessionSheet]) -> list[str]:
    pictures = (p for sheet in sheets for p in sheet.incident.pictures)
    return [style for p in pictures for style in STYLES.findall(p.svg)]
