"""What holds for every rule, whatever it looks for. Each law runs over small firing fixtures of all rules.

A rule that is added later is covered by its own fixture.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema import TRACES
from tests.support.places import INCIDENT, RULE_FIXTURES
from tests.support.rule_cases import CASES, ELSEWHERE, FEW, copied, every_case, files_of, plain

NEIGHBOUR = RULE_FIXTURES / "CCF102" / "fires" / "five-at-once" / "input"


def words(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def told(analysis, *, places=False):
    """Return what a run says of each finding; without the numbers of its lines, if not asked for."""
    assert not analysis.errors
    return sorted(
        (
            f.session_id,
            f.rule,
            f.severity.value,
            f.confidence.value,
            f.message,
            f.fingerprint,
            words(dict(f.facts)),
            *([words([f"{e.path}:{e.line}" for e in f.evidence])] if places else []),
        )
        for f in analysis.findings
    )


def told_of_other_bytes(analysis):
    """Return what a run says, without what changes with the bytes of a file of which nothing that counts changes.

    A log of no known session is named after its bytes. Damage is told with its place and its share of the lines.
    """
    return sorted(
        (
            *((session, fingerprint) if not session.startswith("log:") else ("log", "")),
            *(rule, severity, confidence, SHARE.sub("", message)),
            words({k: v for k, v in json.loads(facts).items() if k not in ("first_line", "of_lines")}),
        )
        for session, rule, severity, confidence, message, fingerprint, facts in told(analysis)
    )


SHARE = re.compile(r"(?<=\d line )of \d+|(?<=\d )of \d+ lines")


def test_every_rule_fires_in_one_of_the_cases():
    fires = {code: {f.rule for f in plain(folder).findings} for code, folder in FEW.items()}
    assert all(code in fires[code] for code in FEW)
    assert all(code in fires[other] for code, other in ELSEWHERE.items())


# --- 1. the order of files -----------------------------------------------------------------------


def in_files(folder, order):
    return told(analyse(Request(order, base=folder)), places=True)


@every_case
def test_the_order_of_the_files_changes_nothing(folder):
    files = files_of(folder)
    if len(files) > 1:
        assert in_files(folder, files) == in_files(folder, files[::-1])


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(files_of(INCIDENT)))
def test_no_order_of_the_incidents_files_changes_anything(order):
    assert in_files(INCIDENT, order) == told(plain(INCIDENT), places=True)


# --- 2. unrelated lines --------------------------------------------------------------------------

DEBUG = re.compile(r"(?P<time>20\d\d-\d\d-\d\dT[\d:.]+Z )?\[(?:DEBUG|INFO|WARN|ERROR)\] ")
STDERR = re.compile(r"(?P<time>20\d\d-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - \S+ - [A-Z]+ - ")
RECORD = re.compile(r'\{.*"(?:sessionId|session_id|event_type)":', re.DOTALL)


def of_no_meaning(line, number):
    """Return a line that says nothing, with the time of the record that it stands before."""
    if found := STDERR.match(line):
        return f"{found['time']} - unrelated - INFO - step {number} of nothing in particular"
    if found := DEBUG.match(line):
        return f"{found['time'] or ''}[DEBUG] step {number} of nothing in particular"
    record = json.loads(line)
    kept = (
        "sessionId",
        "session_id",
        "timestamp",
        "version",
        "cwd",
        "isSidechain",
        "agentId",
        "parent_tool_use_id",
    )
    about = {k: record[k] for k in kept if k in record}
    if "event_type" in record:
        return json.dumps(about | {"event_type": "UNRELATED", "data": {}})
    return json.dumps(about | {"type": "unrelated", "uuid": f"99999999-0000-4000-8000-{number:012}"})


def is_record(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def padded(text):
    """Put a line of no meaning before each record but the first and the last: a log begins and ends as it did.

    A record may go on over several lines, also with lines that look like another log's: what a file begins with tells
    what its records look like.
    """
    lines = text.split("\n")
    form = next((form for form in (STDERR, DEBUG, RECORD) if form.match(lines[0])), None)
    last = max((n for n, line in enumerate(lines) if form and form.match(line)), default=0)
    out = []
    for number, line in enumerate(lines):
        if form and form.match(line) and 0 < number < last and (form is not RECORD or is_record(line)):
            out.append(of_no_meaning(line, number))
        out.append(line)
    return "\n".join(out)


@pytest.mark.parametrize("folder", [*FEW.values(), INCIDENT], ids=[*FEW, "incident"])
def test_unrelated_lines_and_files_change_no_finding(folder, tmp_path):
    copied(folder, tmp_path, padded)
    (tmp_path / "notes.md").write_text("# Notes\n\nNothing of this is a log.\n", encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert told_of_other_bytes(analyse(Request([tmp_path]))) == told_of_other_bytes(plain(folder))


def test_the_padding_is_real():
    stderr = RULE_FIXTURES / "CCF201/fires/timeout-then-empty-key/input/stderr.log"
    text = stderr.read_text(encoding="utf-8")
    assert padded(text).count("nothing in particular") > 15
    transcript = next(NEIGHBOUR.rglob("*.jsonl")).read_text(encoding="utf-8")
    assert padded(transcript).count('"type": "unrelated"') == transcript.count("\n") - 2


# --- 3. several sessions -------------------------------------------------------------------------

IDS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\ba[0-9a-f]{16}\b|\b(?:toolu|msg|req)_0\d"
)
# ids that a fixture made up, in the fields that hold ids
MADE_UP = re.compile(
    r'"(?:uuid|parentUuid|leafUuid|requestId|id|tool_use_id|toolUseId|parent_tool_use_id)": ?"'
    r"(?=[a-z])(?!toolu_0|msg_0|req_0|[0-9a-f]{8}-|a[0-9a-f]{16})"
)
# also behind the \\n of a JSON string
DATES = re.compile(r"(?<!\d)20(\d\d)-(?=\d\d-\d\d)|(?<=\D)1[67]\d{11}(?=\D)")
YEAR_MS = 365 * 24 * 3600 * 1000


def another_id(match):
    """Change one character that equals in all ids of a kind, so that different ids stay different."""
    at = match[0].index("_0") + 1 if "_0" in match[0] else 14 if "-" in match[0] else 1
    return match[0][:at] + ("7" if match[0][at] != "7" else "6") + match[0][at + 1 :]


def a_year_later(match):
    return f"20{int(match[1]) + 1:02}-" if match[1] else str(int(match[0]) + YEAR_MS)


def as_another(text):
    """Make a log another session's: its ids and its times are its own, what happens in it is the same."""
    return DATES.sub(a_year_later, MADE_UP.sub(r"\g<0>other-", IDS.sub(another_id, text)))


def without_ids(findings):
    """Return findings without what differs between two sessions in which the same happens."""
    return sorted(
        (rule, severity, confidence, message) for _, rule, severity, confidence, message, *_ in findings
    )


def holds_work(folder):
    """Say whether a case is more than traces, of which a session is made only by what is found in it."""
    traces = {kind.value for kind in TRACES}
    return all(set(s.case.events["kind"]) - traces for s in plain(folder).sessions)


@every_case
def test_sessions_together_say_what_each_says_alone(folder, tmp_path):
    """The same again a year later, and what happened in another session another year later, change nothing."""
    paths = [folder, copied(folder, tmp_path / "again", as_another, as_another)]
    others = without_ids(told(plain(folder)))
    if holds_work(folder):
        beside = copied(NEIGHBOUR, tmp_path / "once", as_another, as_another)
        paths.append(copied(beside, tmp_path / "beside", as_another, as_another))
        others = sorted([*others, *without_ids(told(plain(NEIGHBOUR)))])
    if (
        folder == CASES["CCF410"]
    ):  # one credential is one finding, wherever it stands: the copy must hold another
        return
    together = told(analyse(Request(paths)))
    mine = {f[0] for f in told(plain(folder))}
    assert [f for f in together if f[0] in mine] == told(plain(folder))
    assert without_ids(f for f in together if f[0] not in mine) == others


def transcript_of(folder):
    """Return the only file of a case, where that is a whole transcript."""
    files = files_of(folder)
    text = files[0].read_text(encoding="utf-8", errors="replace")
    whole = len(files) == 1 and files[0].suffix == ".jsonl" and text.endswith("}\n")
    # damage is a file's: two sessions that share one share its damage
    whole = whole and all(is_record(line) for line in text.splitlines())
    return files[0] if whole and '"sessionId":' in text.partition("\n")[0] else None


@pytest.mark.parametrize(
    "folder",
    [f for f in FEW.values() if transcript_of(f)],
    ids=[c for c, f in FEW.items() if transcript_of(f)],
)
def test_two_sessions_in_one_file_say_what_each_says_alone(folder, tmp_path):
    path = transcript_of(folder)
    text = path.read_text(encoding="utf-8")
    place = tmp_path / path.relative_to(folder)
    place.parent.mkdir(parents=True)
    place.write_text(text + as_another(text), encoding="utf-8")
    alone, both = told(plain(folder)), told(analyse(Request([tmp_path])))
    mine = {f[0] for f in told(plain(folder))}
    assert [f for f in both if f[0] in mine] == alone
    assert without_ids(f for f in both if f[0] not in mine) == without_ids(alone)
