"""Where templates come from: the user's folder first, then ours.

Ours lie in the package (a wheel) or at the top of the checkout (an editable install). An undefined name is
an error that names the template and the line; nothing from a log is ever compiled as a template.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from jinja2 import (
    Environment,
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
)

from forensics import errors
from forensics.render.markup import advised, code, fence, inline, sentence, setting, told
from forensics.render.references import links
from forensics.text.clock_time import format_utc
from forensics.text.controls import plain
from forensics.text.durations import span_text
from forensics.text.numbers import counted, share

MODULE = re.compile(r"(?<=')(?:\w+\.)+(?=\w+ object')")  # before the name of what has no such attribute
MOST_LEARNINGS = 8  # of the worst findings: nobody learns twenty things from one session


def environment(folder: Path | None) -> Environment:
    """Return an environment that looks in ``folder`` first. Raises ``UsageError`` if it is no folder."""
    if folder is not None and not folder.is_dir():
        msg = f"--template {folder}: no such folder"
        raise errors.UsageError(msg)
    env = Environment(
        loader=FunctionLoader(lambda name: _source(name, folder)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown: every log text passes through the filters below
    )
    env.filters |= {"inline": inline, "code": code, "fence": fence, "plain": plain}
    env.filters |= {"sentence": sentence, "utc": format_utc, "share": share, "setting": setting}
    env.filters |= {"told": told, "advised": advised, "span": span_text, "links": links, "counted": counted}
    env.filters["short"] = str  # names of files as they are, until the report knows all of them
    env.globals["MOST_LEARNINGS"] = MOST_LEARNINGS
    return env


def render(env: Environment, name: str, context: dict[str, object]) -> str:
    """Render a template. Raises ``TemplateError`` with its name and line where it fails."""
    try:
        return env.get_template(name).render(context)
    except TemplateSyntaxError as error:
        msg = f"template {error.name or name}, line {error.lineno}: {error.message}"
        raise errors.TemplateError(msg) from error
    except UndefinedError as error:
        place = _place(error)
        msg = f"template {place or name}: {MODULE.sub('', error.message or '')}"
        raise errors.TemplateError(msg) from error
    except TemplateError as error:
        msg = f"template {name}: {error}"
        raise errors.TemplateError(msg) from error


def source_of(env: Environment, name: str) -> str:
    """Return a file as it is, the user's before ours: a style sheet is no template. Raises ``TemplateError``."""
    try:
        if env.loader is not None:
            return env.loader.get_source(env, name)[0]
    except TemplateError as error:
        msg = f"template {name}: not found"
        raise errors.TemplateError(msg) from error
    return ""


def _place(error: BaseException) -> str | None:
    """Find the innermost template line in the traceback: jinja keeps the template's line numbers there."""
    place, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(".j2"):
            place = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _source(name: str, folder: Path | None) -> tuple[str, str, None] | None:
    if folder is not None and (folder / name).is_file():
        return (folder / name).read_text(encoding="utf-8"), str(folder / name), None
    packaged = files("forensics").joinpath("templates", name)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8"), name, None
    # an editable install: only a checkout counts, not a stray folder beside site-packages
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "templates" / name).is_file():
        return (checkout / "templates" / name).read_text(encoding="utf-8"), name, None
    return None
