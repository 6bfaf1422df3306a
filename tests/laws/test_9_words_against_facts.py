"""Law 9: a sentence that is marked observed has its class, number and name from the lines that it cites."""

from __future__ import annotations

import re

import pytest

from forensics.schema.finding import Claim
from tests.support.analyses import analysis_of
from tests.support.places import RULE_FIXTURES, matching

FIRES = [p.parent for p in matching(RULE_FIXTURES, "*/fires/*/expected.json")]
ANY_TIME = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?Z?|\b\d{4}-\d\d-\d\d\b")
STATUS = re.compile(r"(?<![\w.:/-])[45]\d\d(?![\w:/.-])")
NAME = re.compile(r"\bE[A-Z]{4,}\b|\b(?:[A-Z][a-z]+){1,4}(?:Error|Refused|Reset|Exception)\b")
QUOTED = re.compile(r"“([^”]+)”")
TRIES = re.compile(r"\bin (\d+) tries\b")
# a class that a sentence names, and what one of the lines below it must say
CLASSES = {
    r"\b5xx\b|server error": r"(?<!\d)5\d\d(?!\d)|server[_ ]error|[Ii]nternal",
    r"\boverloaded\b": r"529|[Oo]verload",
    r"limited the rate": r"429|rate.?limit|[Rr]equest rejected",
    r"refused the credential|rejected its credential": (
        r"40[13]|[Kk]ey|[Cc]redential|[Aa]uth|[Ll]og ?in|[Tt]oken|[Ff]orbidden|[Uu]nauthorized"
    ),
    r"timed out": r"(?i)time[d ]*.?out|408|504|deadline",
    r"connection (?:was )?(?:refused|reset|lost|closed)": r"(?i)connect|socket|network|ECONN|ENOTFOUND|disconnect|closed|-32000",
}


def name_of(case):
    return str(case.relative_to(RULE_FIXTURES))


class Lines:
    """The words of cited records: their lines, and what was read of them; a document over many lines is one."""

    def __init__(self, case):
        self._files = {}
        self._folder = case / "input"

    def of(self, session, events):
        words = []
        for event in events:
            row = session.case.event(event)
            file = self._file(session.file_names[row["file"]])
            is_document = file and file[0].strip() in ("{", "[")
            words += file if is_document else file[row["line"] - 1 : row["line"]]
            words += [str(value) for value in row.values() if isinstance(value, str | int)]
        return plain("\n".join(words))

    def _file(self, name):
        if name not in self._files:
            path = next(p for p in self._folder.rglob("*") if p.is_file() and str(p).endswith(name))
            data = path.read_bytes()
            coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
            self._files[name] = data.decode(coding, errors="replace").split("\n")
        return self._files[name]


def plain(text):
    """Take the escapes of JSON off, and what is blank."""
    return re.sub(r'\\+(?:n|t|r|")|[\\"\s]+', " ", text)


def observed(session):
    """Yield each observed sentence of a session, with the records that it cites."""
    for finding in session.findings:
        if finding.claim is Claim.OBSERVED:
            yield finding.rule, finding.message, [e.event_id for e in finding.evidence]
        for said in finding.statements:
            if said.claim is Claim.OBSERVED:
                yield finding.rule, said.text, list(said.cites)


def unfounded(text, lines, names):
    """Yield what a sentence says that its lines do not."""
    text = ANY_TIME.sub("", text)
    quotes = [q for q in QUOTED.findall(text) if q not in names]
    yield from (q for q in quotes if not is_said(q, lines))
    bare = QUOTED.sub("", text)
    yield from (token for token in (*STATUS.findall(bare), *NAME.findall(bare)) if token not in lines)
    for words, proof in CLASSES.items():
        if re.search(words, bare) and not re.search(proof, lines):
            yield words


def is_said(quote, lines):
    """Say whether a quotation stands in the lines; where it was shortened, each of its parts does."""
    parts = [plain(part).strip() for part in re.split(r"…|\[[^\]]*\]", ANY_TIME.sub("", quote))]
    return all(part in lines or part in plain(ANY_TIME.sub("", lines)) for part in parts)


@pytest.mark.parametrize("case", FIRES, ids=name_of)
def test_what_is_observed_stands_in_the_cited_lines(case):
    lines = Lines(case)
    for session in analysis_of(case / "input").sessions:
        # what is joined to a record by its id: agents and servers by name, items of a list by number
        names = {a.description for a in session.agents} | {a.name for a in session.agents}
        names |= set(session.case.todos["content"].drop_nulls()) | {name.strip("“”") for name in names}
        for rule, text, events in observed(session):
            assert not list(unfounded(text, lines.of(session, events), names)), f"{rule}: {text}"


@pytest.mark.parametrize("case", FIRES, ids=name_of)
def test_tries_are_counted_of_one_agent(case):
    for session in analysis_of(case / "input").sessions:
        for rule, text, events in observed(session):
            if TRIES.search(text):
                rows = [session.case.event(e) for e in events]
                assert len({row["agent_id"] for row in rows if row["kind"] == "api_error"}) <= 1, (
                    f"{rule}: {text}"
                )


def test_the_check_sees_what_is_not_there():
    assert list(unfounded("the API answered 529", "status 500", set())) == ["529"]
    assert list(unfounded("a server error (5xx)", "read ECONNRESET", set()))
    assert list(unfounded("it said “no space left”", "ENOSPC", set())) == ["no space left"]
    assert not list(unfounded("At 10:00:02Z it said “no … left”", r'{"text":"no\nspace left"}', set()))
