"""Every output of every command that reads logs, each named once: what may stand in none of them is tested on all.

A new command or format is added here, as the arguments that make it; ``{input}`` is the folder of logs, ``{folder}``
an empty one. Where a command writes files, all that it writes there counts as its output.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from typer.testing import CliRunner

from forensics.cli import app

# name: arguments. Those of sessions that were analysed can be anonymised
ANALYSED = {
    "report": ("report", "{input}"),
    "report-file": ("report", "{input}", "-o", "{folder}/report.md"),
    "report-html": ("report", "--format", "html", "{input}"),
    "check-text": ("check", "--exit-zero", "{input}"),
    "check-json": ("check", "--exit-zero", "--format", "json", "{input}"),
    "sessions-table": ("sessions", "{input}"),
    "sessions-json": ("sessions", "--format", "json", "{input}"),
}
if find_spec("altair") and find_spec("vl_convert"):  # the extra `plots`
    ANALYSED["report-assets"] = (
        "report",
        "{input}",
        "--assets",
        "{folder}/drawn",
        "-o",
        "{folder}/report.md",
    )
COVERAGE = {
    "doctor-text": ("doctor", "{input}"),
    "doctor-json": ("doctor", "--format", "json", "{input}"),
    "doctor-markdown": ("doctor", "--format", "markdown", "{input}"),
}
OUTPUTS = {**ANALYSED, **COVERAGE}


def output_of(name: str, logs: Path, folder: Path, *more: str) -> tuple[str, str]:
    """Return all that a command puts out, the files included, and what it says on stderr."""
    arguments = [a.format(input=logs, folder=folder) for a in OUTPUTS[name]]
    result = CliRunner().invoke(app, [*arguments, *more])
    assert result.exit_code == 0, result.output
    written = [
        p.read_text(encoding="utf-8", errors="replace") for p in sorted(folder.rglob("*")) if p.is_file()
    ]
    return "\n".join([result.stdout, *written]), result.stderr
