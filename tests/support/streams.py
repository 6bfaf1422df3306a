"""Recorded headless streams, laid out and wrapped as people hand them over."""

from __future__ import annotations

import json

from tests.support.places import FIXTURES

RUNS = FIXTURES / "stream-json"
PARALLEL, KILLED = (RUNS / name / "run.jsonl" for name in ("parallel", "killed"))


def records_of(path):
    """Return the records of a stream."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def one_line_array(records):
    """As ``--output-format json --verbose`` prints them."""
    return json.dumps(records) + "\n"


def indented_array(records):
    """As an action writes its execution file."""
    return json.dumps(records, indent=2)


def record_a_line(records):
    """As a script writes an array by hand."""
    return "[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in records) + "\n]\n"


def one_behind_another(records):
    """As ``jq`` prints them."""
    return "".join(json.dumps(r, indent=2) + "\n" for r in records)


def sorted_keys(records):
    """As ``jq --sort-keys`` and many libraries print them."""
    return "".join(json.dumps(r, indent="\t", sort_keys=True) + "\n" for r in records)


def sorted_lines(records):
    """As a program writes them that parsed them."""
    return "".join(json.dumps(r, sort_keys=True) + "\n" for r in records)


def among_words(records):
    """As a step prints them between its own words."""
    options = (
        'SDK options: {\n  "allowedTools": [\n    "Bash"\n  ],\n  "preset": {\n    "type": "preset"\n  }\n}\n'
    )
    return f"Running the client\n{options}{one_behind_another(records)}Done: {{ok}}\n"


LAYOUTS = (
    one_line_array,
    indented_array,
    record_a_line,
    one_behind_another,
    sorted_keys,
    sorted_lines,
    among_words,
)
