"""Law: adding evidence never removes a finding about what was judged before."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from tests.rules.test_rule_laws import as_another
from tests.support.places import RULE_FIXTURES as FIXTURES
from tests.support.rule_cases import CASES, FEW, copied, files_of

STRANGERS = [file for folder in FEW.values() for file in files_of(folder)]
TODO_FILE = FIXTURES / "CCF305" / "fires" / "only-the-todo-file" / "input"
LEAN = sorted((f for f in CASES.values() if sum(p.stat().st_size for p in files_of(f)) < 20_000), key=str)


def found(paths):
    """Return what is found of each session, without the number of the run's other sessions."""
    return {(f.session_id, f.rule, f.severity.value, f.message) for f in analyse(Request(paths)).findings}


@pytest.fixture(scope="module")
def another(tmp_path_factory):
    """Put a file of another session, of another year, into a folder of its own, under the place that it has."""
    made = {}

    def place(file):
        if file not in made:
            root = next(folder for folder in FEW.values() if file.is_relative_to(folder))
            target = tmp_path_factory.mktemp("another")
            whole = copied(root, target / "all", as_another, as_another)
            kept = whole / as_another(str(file.relative_to(root)))
            for other in files_of(whole):
                if other != kept:
                    other.unlink()
            made[file] = whole
        return made[file]

    return place


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(folder=st.sampled_from([TODO_FILE, *LEAN]), file=st.sampled_from(STRANGERS))
def test_a_file_of_another_recording_removes_no_finding(another, folder, file):
    alone = found([folder])
    assert alone - found([folder, another(file)]) == set()


def test_a_todo_file_beside_another_sessions_log_is_judged_as_it_is_alone(another):
    stranger = next(f for f in STRANGERS if f.suffix == ".jsonl")
    alone = found([TODO_FILE])
    assert {rule for _, rule, *_ in alone} >= {"CCF305"}
    assert alone <= found([TODO_FILE, another(stranger)])
