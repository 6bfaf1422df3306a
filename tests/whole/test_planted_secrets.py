"""262 kinds of planted secrets, in what stands around them in logs, in every output: none is shown. All are made up."""

from __future__ import annotations

import html
import importlib.util
import json
import urllib.parse

import pytest

from forensics.privacy.redact import redact
from tests.support.outputs import OUTPUTS, output_of
from tests.support.places import CORPUS

PLANTER = CORPUS.parent / "tools" / "secret_kinds.py"
pytestmark = [
    pytest.mark.whole,
    pytest.mark.corpus,
    pytest.mark.skipif(
        not PLANTER.exists(), reason="no secret_kinds.py beside the recordings (FORENSICS_CORPUS)"
    ),
]
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
NO_SUCH_FORM = {"issuer airtable"}  # planted without its second half, which is the secret
PIECE = 8


def escaped(text):
    return json.dumps(text)[1:-1]


AROUND = {
    "bare": str,
    "sentence": lambda t: f"see the value {t} and go on",
    "json": lambda t: f'{{"content":"{escaped(t)}"}}',
    "json in json": lambda t: escaped(f'{{"a":"{escaped(t)}"}}'),
    "codes": lambda t: '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in t) + '"',
    "address": lambda t: "next=/v1/x?u=" + urllib.parse.quote(t, safe=""),
    "page": lambda t: f"<td>{html.escape(t)}</td>",
    "page in page": lambda t: f"<td>{html.escape(html.escape(t))}</td>",
    "colour": lambda t: f"\x1b[31m{t}\x1b[0m rest",
    "colour in json": lambda t: escaped(f"\x1b[1;31m{t}\x1b[0m rest"),
    "brackets": lambda t: f"({t})",
    "backticks": lambda t: f"`{t}`",
    "one line": lambda t: "a\\n" + t.replace("\n", "\\n") + "\\nb",
}


@pytest.fixture(scope="module")
def planted():
    spec = importlib.util.spec_from_file_location("secret_kinds", PLANTER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = [(name, text, parts) for seed in (1, 2, 3) for name, text, parts, _ in module.make(seed)]
    assert len(made) > 700
    return [(name, text, parts) for name, text, parts in made if name not in NO_SUCH_FORM]


def is_shown(parts, shown):
    pieces = {part[n : n + PIECE] for part in parts for n in range(max(1, len(part) - PIECE + 1))}
    return any(
        form(piece) in shown for piece in pieces for form in (str, escaped, urllib.parse.quote, html.escape)
    )


@pytest.mark.parametrize("around", AROUND)
def test_none_is_left(around, planted):
    assert [n for n, text, parts in planted if is_shown(parts, redact(AROUND[around](text)))] == []


@pytest.fixture(scope="module")
def logs(planted, tmp_path_factory):
    base = tmp_path_factory.mktemp("planted")
    folder = base / "projects" / "-work"
    folder.mkdir(parents=True)
    common = {"parentUuid": None, "sessionId": SESSION, "version": "2.1.330", "cwd": "/work"}
    lines = []
    for n, (_, text, _) in enumerate(planted[: len(planted) // 3]):
        call = {"type": "tool_use", "id": f"toolu_{n}", "name": "Bash", "input": {"command": text}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{n}", "is_error": True, "content": text}
        said = (
            ("user", text, {}),
            ("assistant", [call], {"id": f"m{n}", "model": "m"}),
            ("user", [result], {}),
        )
        for k, (kind, content, more) in enumerate(said):
            lines.append({**common, "type": kind, "uuid": f"u{n}-{k}", "timestamp": f"2025-10-21T07:{n // 60:02}:{n % 60:02}.00{k}Z", "message": {"role": kind, "content": content, **more}})  # fmt: skip
    (folder / f"{SESSION}.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines) + '{"type": "unre'
    )
    (base / "server.log").write_text("\n".join(text for _, text, _ in planted[: len(planted) // 3]))
    return base


@pytest.mark.parametrize("name", OUTPUTS)
def test_no_output_shows_one(name, logs, planted, tmp_path):
    shown, said = output_of(name, logs, tmp_path)
    left = [kind for kind, _, parts in planted[: len(planted) // 3] if is_shown(parts, shown + said)]
    assert left == []
