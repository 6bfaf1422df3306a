"""How far a run is: what is told of it."""

from __future__ import annotations

from forensics.analysis.engine import analyse, examine
from forensics.analysis.request import Request
from forensics.evidence.discover import discover
from forensics.evidence.progress import Meter, Phase, Standing
from forensics.table.ingest import ingest
from tests.support.places import INCIDENT


def test_each_phase_is_told_and_every_byte_is_counted():
    steps: list[Standing] = []
    analysis = analyse(Request([INCIDENT], progress=steps.append))
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
    assert examine(Request([INCIDENT], progress=lambda _: None)) == examine(Request([INCIDENT]))
