"""How far a run is: the bar on a terminal's standard error."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals", allow_module_level=True)

from tests.support.places import INCIDENT
from tests.support.ptys import SEQUENCE, on_terminal

HIDE, SHOW, ERASE = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"
# the program, as slow with each file as it is with a large one
SLOWLY = """
import sys, time
from forensics.formats.claude.transcript import Transcript as P
from forensics.cli import progress_bar
parse = P.parse
def slow(self, evidence):
    time.sleep({seconds})
    return parse(self, evidence)
P.parse = slow
progress_bar.PATIENCE_S = 0.05
from forensics.cli.app import app
app()
"""


def slowly(*args, seconds=0.6, **kwargs):
    return on_terminal(*args, program=("-c", SLOWLY.format(seconds=seconds)), **kwargs)


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
    program = "from forensics.cli import progress_bar as b; b.PATIENCE_S = 60\nfrom forensics.cli.app import app; app()"
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
