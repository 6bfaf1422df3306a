"""How far a run is: what is told of it, and the bar on a terminal's standard error."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from forensics.analysis.engine import analyse, examine
from forensics.evidence.discover import discover
from forensics.evidence.progress import Meter, Phase, Standing
from forensics.table.ingest import ingest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals", allow_module_level=True)

from tests.ptys import SEQUENCE, on_terminal

ROOT = Path(__file__).parents[1]
INCIDENT = ROOT / "fixtures" / "incident-2025-10-21" / "input"
HIDE, SHOW, ERASE = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"
# the program, as slow with each file as it is with a large one
SLOWLY = """
import sys, time
from forensics.parsers.transcript import Transcript as P
from forensics import progress_bar
parse = P.parse
def slow(self, evidence):
    time.sleep({seconds})
    return parse(self, evidence)
P.parse = slow
progress_bar.PATIENCE_S = 0.05
from forensics.cli import app
app()
"""


def slowly(*args, seconds=0.6, **kwargs):
    return on_terminal(*args, program=("-c", SLOWLY.format(seconds=seconds)), **kwargs)


def test_each_phase_is_told_and_every_byte_is_counted():
    steps: list[Standing] = []
    analysis = analyse([INCIDENT], progress=steps.append)
    assert list(dict.fromkeys(s.phase for s in steps)) == [Phase.FINDING, Phase.READING, Phase.JUDGING]
    read = [s for s in steps if s.phase is Phase.READING]
    assert {s.name for s in read} == {i.evidence.name for i in analysis.inputs}
    assert {s.total for s in read} == {sum(i.evidence.size for i in analysis.inputs)}
    done = [s.done for s in read]
    assert done == sorted(done)
    assert (done[0], steps[-1]) == (0, Standing(Phase.JUDGING, analysis.sessions[0].session_id, 0, 1))


def test_a_piece_of_a_file_counts_when_the_next_one_begins(tmp_path):
    name = "c4f74656-68ad-4973-8f53-0b862ed16d5d.jsonl"
    log = next(INCIDENT.rglob(name))
    (tmp_path / name).write_bytes(log.read_bytes())
    found = discover([tmp_path])
    (evidence,) = found.files
    object.__setattr__(evidence, "batch_bytes", 4096)
    steps: list[Standing] = []
    ingest(found, steps.append)
    done = [s.done for s in steps]
    assert len(done) > 5
    assert done == sorted(done)
    assert 0 < evidence.size - done[-1] <= 2 * 4096


def test_a_file_whose_size_was_not_known_counts_by_its_pieces():
    steps: list[Standing] = []
    meter = Meter(steps.append, Phase.FINDING)
    meter.begin("a")
    meter.take(3)
    meter.begin("b", 5)
    meter.begin("c")
    assert [s.done for s in steps] == [0, 0, 3, 8]


def test_what_is_told_changes_nothing():
    assert examine([INCIDENT], progress=lambda _: None) == examine([INCIDENT])


def test_a_long_run_shows_a_bar_and_leaves_nothing():
    shown = slowly("report", INCIDENT, columns=100)
    assert shown.code == 0
    assert "reading" in shown.err
    assert "MB" in shown.err
    assert ".jsonl" in shown.err
    assert shown.err.count(HIDE) == shown.err.count(SHOW) == 1
    assert shown.err.endswith(ERASE)
    assert "What to do first" in shown.out
    assert HIDE not in shown.out


def test_a_short_run_shows_nothing():
    program = (
        "from forensics import progress_bar as b; b.PATIENCE_S = 60\nfrom forensics.cli import app; app()"
    )
    assert on_terminal("report", INCIDENT, program=("-c", program)).err == ""


@pytest.mark.parametrize(("err", "env"), [(False, {}), (True, {"TERM": "dumb"})], ids=["pipe", "dumb"])
def test_no_bar_where_it_could_not_be_taken_back(err, env):
    assert slowly("check", INCIDENT, err=err, env=env).err == ""


def test_in_the_c_locale_the_bar_is_numbers():
    shown = slowly("check", INCIDENT, env={"LC_ALL": "C"})
    assert "reading" in shown.err
    assert SEQUENCE.sub("", shown.err).isascii()


def test_a_bar_of_40_columns_stays_in_its_line():
    shown = slowly("check", INCIDENT, columns=40)
    assert "reading" in shown.err
    lines = re.split(r"[\r\n]+", SEQUENCE.sub("", shown.err))
    assert max(map(len, lines)) <= 40


def test_a_name_is_not_obeyed(tmp_path):
    name = "\x1b]0;owned\x07[bold red]x[_]\u202e.jsonl"
    (tmp_path / name).write_bytes(next(INCIDENT.rglob("c4f7*.jsonl")).read_bytes())
    shown = slowly("check", tmp_path, columns=120)
    assert "[bold red]x[_]" in shown.err
    assert "\x07" not in shown.err
    assert "\u202e" not in shown.err
    assert not [s for s in SEQUENCE.findall(shown.err) if s.startswith("\x1b]")]


def test_an_interrupt_leaves_the_terminal_clean():
    sent = []

    def interrupt(err, process):
        if "reading" in err and not sent:
            sent.append(os.kill(process.pid, signal.SIGINT))

    shown = slowly("report", INCIDENT, seconds=20, watch=interrupt)
    assert sent
    assert shown.code == 130
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert shown.err.count(HIDE) == shown.err.count(SHOW) == 1
    assert SEQUENCE.sub("", shown.err.rpartition(ERASE)[2]).strip() in {"", "Aborted!"}
