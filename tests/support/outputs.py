"""Every output of every command that reads logs, each named once: what may stand in none of them is tested on all.

A new command or format is added here, as the arguments that make it; ``{input}`` is the folder of logs, ``{folder}``
an empty one. Where a command writes files, all that it writes there counts as its output.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import polars as pl
from typer.testing import CliRunner

from forensics.cli.app import app

# name: arguments. Those of sessions that were analysed can be anonymised
ANALYSED = {
    "report": ("report", "{input}"),
    "report-file": ("report", "{input}", "-o", "{folder}/report.md"),
    "report-bundle": ("report", "{input}", "--bundle", "{folder}/case.zip"),
    "report-html": ("report", "--format", "html", "{input}"),
    "report-terminal": ("report", "--format", "terminal", "{input}"),
    "check-text": ("check", "--exit-zero", "{input}"),
    "check-json": ("check", "--exit-zero", "--format", "json", "{input}"),
    "sessions-table": ("sessions", "{input}"),
    "sessions-json": ("sessions", "--format", "json", "{input}"),
    "timeline-table": ("timeline", "{input}"),
    "timeline-json": ("timeline", "--format", "json", "{input}"),
    "timeline-mermaid": ("timeline", "--format", "mermaid", "{input}"),
    "timeline-trace": ("timeline", "--format", "trace", "{input}"),
    "events-csv": ("events", "--format", "csv", "{input}"),
    "events-jsonl": ("events", "{input}"),
    "events-timesketch": ("events", "--format", "timesketch", "{input}"),
    "events-parquet": ("events", "{input}", "-o", "{folder}/events.parquet"),
    "query-table": ("query", "SELECT * FROM sessions", "{input}"),
    "query-csv": ("query", "--format", "csv", "SELECT * FROM events", "{input}"),
    "query-json": ("query", "--format", "json", "SELECT * FROM agents", "{input}"),
    "query-jsonl": (
        "query",
        "--format",
        "jsonl",
        "SELECT * FROM findings JOIN evidence USING (fingerprint)",
        "{input}",
    ),
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
    written = [_text_of(p) for p in sorted(folder.rglob("*")) if p.is_file()]
    return "\n".join([result.stdout, *written]), result.stderr


def _text_of(file: Path) -> str:
    if file.suffix == ".parquet":  # is packed: a secret would not be seen in its bytes
        return pl.read_parquet(file).write_ndjson()
    if file.suffix == ".zip":
        with ZipFile(file) as bundle:
            return "\n".join(f"{name}\n{bundle.read(name).decode()}" for name in bundle.namelist())
    return file.read_text(encoding="utf-8", errors="replace")
