"""A scanner that others keep reads what the program puts out: what it finds there was let through.

Kingfisher runs without a network. It is told of no kind by us, and we of none by it at the time of a test: each of its
rules makes up a secret, all of them stand in a session, and every output of every command is read by it.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.support.outputs import OUTPUTS, output_of
from tests.support.places import INCIDENT
from tools.secret_oracle import NO_SECRET, made_up, patterns, scanner, sightings

ORACLE = scanner()
pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(ORACLE is None, reason="no Kingfisher; pip install kingfisher-bin"),
]
SESSION = "c4f74656-68ad-4973-8f53-0b862ed16d5d"
# at most so many of its kinds may be unknown here: names of services that are words, forms that no service uses
MOST_UNKNOWN = 55
# what it takes for a secret in our own words, or beside an id; each was read
NOT_LET_THROUGH = re.compile(r"\[redacted: |redacted:[0-9a-f]{12}")


@pytest.fixture(scope="module")
def planted():
    shapes = patterns(ORACLE)
    made = {name: made_up(name, shape) for name, shape in shapes.items() if not NO_SECRET.search(name)}
    return {name: text for name, text in made.items() if text}


@pytest.fixture(scope="module")
def known(planted):
    from tools.secret_oracle import unknown  # noqa: PLC0415 - only where the scanner is

    foreign = {name for name, _ in unknown(ORACLE)}
    assert len(foreign) <= MOST_UNKNOWN, sorted(foreign)
    return {name: text for name, text in planted.items() if name not in foreign}


def _record(n, kind, content, **more):
    return json.dumps(
        {
            "parentUuid": None,
            "sessionId": SESSION,
            "version": "2.1.330",
            "cwd": "/work",
            "type": kind,
            "uuid": f"{kind}{n}",
            "timestamp": f"2025-10-21T07:{n // 60 % 60:02}:{n % 60:02}.000Z",
            "message": {"role": kind, "content": content, **more},
        }
    )


@pytest.fixture
def logs(known, tmp_path):
    folder = tmp_path / "in" / "projects" / "-work"
    folder.mkdir(parents=True)
    lines = []
    for n, text in enumerate(known.values()):
        said = f"see\n{text}\nthere"
        call = {"type": "tool_use", "id": f"toolu_{n}", "name": "Bash", "input": {"command": said}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{n}", "is_error": True, "content": said}
        lines += [
            _record(n, "user", said),
            _record(n, "assistant", [call], id=f"m{n}", model="claude-x"),
            _record(n, "user", [result]),
        ]
    (folder / f"{SESSION}.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path / "in"


def test_the_scanner_finds_the_planted_ones(logs, known):
    assert len({s.rule for s in sightings(ORACLE, logs)}) > len(known) / 4


def test_it_finds_none_in_any_output(logs, tmp_path):
    assert_none_let_through(logs, tmp_path)


def test_it_finds_none_in_what_is_said_of_the_incident(tmp_path):
    assert_none_let_through(INCIDENT, tmp_path)


def assert_none_let_through(logs, tmp_path):
    shown = tmp_path / "shown"
    shown.mkdir()
    for name in OUTPUTS:
        folder = tmp_path / f"out-{name}"
        folder.mkdir()
        text, said = output_of(name, logs, folder)
        (shown / f"{name}.txt").write_text(text + said)
    found = [s for s in sightings(ORACLE, shown) if not NO_SECRET.search(s.rule)]
    let_through = [s for s in found if not NOT_LET_THROUGH.search(s.seen)]
    assert not let_through, "\n".join(map(str, let_through[:20]))
