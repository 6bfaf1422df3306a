"""Lay out a new rule: its two files, its two lines in the register, and a fixture of each kind.

    python -m tools.new_rule repeated-coffee [CCF412 | CCF4]

What it writes passes every check of a rule's shape, and judges nothing yet: the fixture in which the rule is to fire
fails until it does. Nothing is written over, and nothing is written where the name or the code exists.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

NAME = re.compile(r"[a-z]+(-[a-z]+)+")
CODES = re.compile(r"CCF\d{3}")
LAST_OF_A_SERIES = 99
LINE = 110 + 1  # as long as the formatter makes a line, with its end
SERIES = "CCF4"  # operational failures: where most new rules belong
SESSION = "5e551011-0000-4000-8000-000000000001"
# where codes stand that are taken: rules, what the outline has a place for, and rules that once were
TAKEN = ("forensics/rules/*/*.py", "CHANGELOG.md", "docs/rules.md")

RULE = Template('''\
"""$code: TODO: what it finds, in one line. What it says of it stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, EventKind, Said, Severity, Source, rule, words

TEXT = words(__file__)


@rule(
    TEXT,
    code="$code",
    topic="$topic",
    severity=Severity.LOW,
    confidence=Confidence.LOW,
    any_of=Source.TRANSCRIPT,
    reads=("tools",),
    since="$version",
)
def $function(case: Case, *, least: int = 2) -> Iterator[Said]:
    """TODO: what it finds, in one line."""
    if case.of(EventKind.TOOL_CALL).height < least:
        yield TEXT.not_applicable("too-few")
        return
    # here: say.hit("found", …) for each occurrence, with the records that prove it and the sentences about it;
    # TEXT.insufficient(…) where the evidence cannot tell
    yield TEXT.not_applicable("nothing-yet")
''')

WORDS = Template('''\
title = "$sentence"
summary = "TODO: what it finds, in one line."

[documentation]
detects = """
TODO: the records, and when they count: ``least`` of them.
"""
matters = """
TODO: what it costs, and how often it was measured.
"""
fix = """
TODO: what the reader of the report does about it.
"""
misses = """
TODO: what it cannot see.
"""

[guidance]
contract = "TODO: the rule that is broken, and where it is written"
immediate = ["TODO: what to do at once"]
avoid = "TODO: what not to do again"
instead = "TODO: what to do instead"
before = ["TODO: what to look at before the next session"]
metric = "TODO: the sentence that is true where the rule finds nothing"

[sentences]
too-few = { place = "not-applicable", text = "TODO: what the session lacks that this rule judges" }
nothing-yet = { place = "not-applicable", text = "TODO: this rule judges nothing yet" }
''')

NEXT = Template("""\
$code $name is laid out. What is left:
  $rule
      the detection: a hit cites at least one record; its topic is a number of forensics/render/report/outline.py
  $words
      what it says: replace every TODO; a sentence has its place, its claim and its fields
  $fires, $silent
      the records that it is about, trimmed from a recording, and what is expected of them (evidence as path:line);
      the one in which it fires fails until the rule is written:  make test ARGS='-k $code'
  tools/accuracy/expectations.py
      what the truth of a recording says of it: whether it must be found there, or must not
  CHANGELOG.md
      one line
  then:  make docs;  make golden;  make accuracy""")


class RefusedError(Exception):
    """The name or the code cannot be had; the text says why."""


@dataclass(frozen=True)
class Plan:
    """A rule that does not exist yet."""

    code: str
    name: str
    room: str  # the folder of its series

    @property
    def function(self) -> str:
        """Return the name of its function and of its file."""
        return self.name.replace("-", "_")

    @property
    def module(self) -> str:
        """Return the module that it stands in."""
        return f"forensics.rules.{self.room}.{self.function}"

    @property
    def rule(self) -> Path:
        """Return its file, below the checkout; its words stand beside it."""
        return Path("forensics", "rules", self.room, f"{self.function}.py")

    def fixture(self, kind: str) -> Path:
        """Return the folder of its first case of a kind: ``fires`` or ``silent``."""
        return Path("fixtures", "rules", self.code, kind, "example")


def plan(root: Path, name: str, code: str | None) -> Plan:
    """Choose the code, the next free one of its series if none is given. Raises ``RefusedError``."""
    if not NAME.fullmatch(name):
        msg = f"{name}: a name is two small words or more, with hyphens, and says what is wrong: repeated-coffee"
        raise RefusedError(msg)
    wanted = (code or SERIES).upper()
    if re.fullmatch(r"CCF\d", wanted):
        wanted = _next(root, wanted)
    if not CODES.fullmatch(wanted):
        msg = f"{wanted}: a code is CCF and three digits, a series CCF and one"
        raise RefusedError(msg)
    made, codes = Plan(wanted, name, _room(root, wanted)), _codes_of(root)
    if made.function in codes:
        msg = f"{name}: there is such a rule: {codes[made.function]}"
        raise RefusedError(msg)
    once = CODES.findall((root / "CHANGELOG.md").read_text("utf-8"))
    if wanted in (*codes.values(), *once) or (root / made.fixture("fires").parents[1]).exists():
        msg = f"{wanted}: there is, or was, a rule of this code; a code is never used twice"
        raise RefusedError(msg)
    return made


def _room(root: Path, code: str) -> str:
    """Return the folder of a code's series: its first line names it."""
    series = f"{code[3]}xx"
    for room in sorted((root / "forensics" / "rules").glob("*/__init__.py")):
        if room.read_text("utf-8").startswith(f'"""{series}: '):
            return room.parent.name
    msg = f"{code}: no folder of forensics/rules/ is for {series}: its __init__.py would begin with {series}:"
    raise RefusedError(msg)


def _next(root: Path, series: str) -> str:
    """Return the first code of a series after all that are mentioned anywhere."""
    mentioned = {
        code for glob in TAKEN for p in root.glob(glob) for code in CODES.findall(p.read_text("utf-8"))
    }
    last = max((int(code[-2:]) for code in mentioned if code.startswith(series)), default=0)
    if last == LAST_OF_A_SERIES:
        msg = f"{series}: this series has no number left"
        raise RefusedError(msg)
    return f"{series}{last + 1:02}"


def _codes_of(root: Path) -> dict[str, str]:
    """Return the code of each rule, by the name of its file."""
    rules = {
        p.stem: re.search(r'\bcode="(CCF\d{3})"', p.read_text("utf-8"))
        for p in root.glob("forensics/rules/*/*.py")
    }
    return {stem: found[1] for stem, found in rules.items() if found is not None}


def lay_out(root: Path, new: Plan) -> None:
    """Write what a rule consists of."""
    sentence = new.name.replace("-", " ").capitalize()
    version = re.search(
        r'__version__ = "([^"]+)"', (root / "forensics" / "text" / "version.py").read_text("utf-8")
    )
    if version is None:
        msg = "forensics/text/version.py: names no version"
        raise RefusedError(msg)
    told = {"code": new.code, "name": new.name, "function": new.function, "topic": f"{new.code[3]}.1"}
    register = root / "forensics" / "rules" / "__init__.py"
    registered = _registered(register.read_text("utf-8"), new, _codes_of(root))
    file = root / new.rule
    file.write_text(RULE.substitute(told, version=version[1]), encoding="utf-8")
    file.with_suffix(".toml").write_text(WORDS.substitute(sentence=sentence), encoding="utf-8")
    register.write_text(registered, encoding="utf-8")
    log = Path(".claude", "projects", "-home-dev-project", f"{SESSION}.jsonl")
    found = {
        "severity": "low",
        "message": "TODO: what is found",
        "facts": {},
        "evidence": [f"{log.as_posix()}:2"],
    }
    for kind, expected in (("fires", {"findings": [found]}), ("silent", {"outcome": "not-applicable"})):
        folder = root / new.fixture(kind)
        (folder / "input" / log).parent.mkdir(parents=True)
        (folder / "input" / log).write_text(_transcript(kind), encoding="utf-8")
        (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")


def _registered(text: str, new: Plan, codes: dict[str, str]) -> str:
    """Add the import, in the order of the names, and the rule, in the order of the codes."""
    found = [n for n in ast.parse(text).body if isinstance(n, ast.ImportFrom) and n.module]
    imports = [n for n in found if str(n.module).startswith("forensics.rules.")]
    listed = re.findall(r"^    (\w+),\n", text.partition("RULES")[2], re.MULTILINE)
    body = "".join(f"    {one},\n" for one in listed)
    lines = text.splitlines(keepends=True)
    first, last = (imports[0].lineno - 1, imports[-1].end_lineno) if imports else (0, 0)
    if "".join(map(_import, imports)) != "".join(lines[first:last]) or set(listed) != set(codes):
        msg = "forensics/rules/__init__.py: is not one block of imports and one tuple of all rules"
        raise RefusedError(msg)
    line = ast.ImportFrom(new.module, [ast.alias(new.function)], 0)
    ordered = sorted([*imports, line], key=lambda n: str(n.module))
    after = [one for one in listed if codes[one] < new.code]
    rules = "".join(f"    {one},\n" for one in (*after, new.function, *listed[len(after) :]))
    text = "".join([*lines[:first], *map(_import, ordered), *lines[last:]])
    return text.replace(body, rules)


def _import(node: ast.ImportFrom) -> str:
    """Write the import of a rule as the formatter does."""
    head, name = f"from {node.module} import", node.names[0].name
    plain = f"{head} {name}\n"
    return plain if len(plain) <= LINE else f"{head} (\n    {name},\n)\n"


def _transcript(kind: str) -> str:
    """Return a session with a call, or with none: records of the client's shape, to be replaced by recorded ones."""
    call = {"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"command": "make coffee"}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_01", "content": "There is some."}
    says = {"type": "text", "text": "There is some."}
    said: list[tuple[str, object]] = [("user", "Make coffee.")]
    said += [("assistant", [call]), ("user", [answer])] if kind == "fires" else []
    said += [("assistant", [says])]
    return "".join(_record(n, role, content) for n, (role, content) in enumerate(said, 1))


def _record(n: int, role: str, content: object) -> str:
    model = {"id": f"msg_{n:02}", "model": "claude-sonnet-4-5"} if role == "assistant" else {}
    record = {
        "parentUuid": f"main-{n - 1:04}" if n > 1 else None,
        "isSidechain": False,
        "cwd": "/home/dev/project",
        "sessionId": SESSION,
        "version": "2.1.19",
        "type": role,
        "message": {**model, "role": role, "content": content},
        "uuid": f"main-{n:04}",
        "timestamp": f"2026-03-02T10:00:{n:02}.000Z",
    }
    return json.dumps(record, separators=(",", ":")) + "\n"


def main(arguments: list[str], root: Path) -> int:
    """Lay out the rule that the arguments name; return the exit code."""
    name, *rest = [a for a in arguments if a] or [""]
    try:
        new = plan(root, name, rest[0] if rest else None)
        lay_out(root, new)
    except RefusedError as refused:
        print(refused, file=sys.stderr)
        return 2
    paths = {
        "rule": new.rule,
        "words": new.rule.with_suffix(".toml"),
        "fires": new.fixture("fires"),
        "silent": new.fixture("silent"),
    }
    print(NEXT.substitute(code=new.code, name=new.name, **{k: str(v) for k, v in paths.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).parents[1]))
