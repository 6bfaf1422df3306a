"""Checks a bundle: in itself, and against the logs and the program that are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from forensics.analysis.custody.compared import Compared, State, Verification
from forensics.analysis.custody.comparing import Comparison
from forensics.analysis.custody.opened import Opened
from forensics.analysis.custody.written import Manifest, RuleThen, in_json
from forensics.analysis.own_code import code_hash
from forensics.evidence.custody import Held
from forensics.evidence.discover import discover
from forensics.evidence.names import printable
from forensics.evidence.progress import Progress
from forensics.evidence.unpack import Unpacker
from forensics.rulekit.rule import Rule
from forensics.rulekit.rule_hash import rule_hash
from forensics.schema.bundle import CITED, FINDINGS, PAGE, REPORT
from forensics.text.version import __version__

PSEUDONYMS = (
    "names of people and hosts were replaced in the bundle: a log whose name held one is found by its bytes alone, "
    "and one that has changed counts as missing and as new"
)
MADE = (REPORT, PAGE, FINDINGS, CITED)  # of the logs by the program: these are made again


def verify(
    bundle: Opened, logs: Sequence[Path], rules: Sequence[Rule], progress: Progress | None = None
) -> Verification:
    """Compare a bundle with logs, if any are given. Raises ``UsageError`` for a path that does not exist."""
    told, manifest = Verification(sha256=bundle.sha256, members=bundle.members), bundle.manifest
    if manifest is None:
        return told
    told = replace(told, tool=tuple(_tool(manifest, rules)))
    if not logs:
        return told
    with ExitStack() as run:
        found = discover(logs, Unpacker(run), progress=progress)
        comparison = Comparison(manifest, _without(bundle.path, found.custody.ledger))
        has_lines = any(m.name == CITED and m.state is State.SAME for m in bundle.members)
        return replace(
            told,
            inputs=comparison.inputs(),
            lines=comparison.lines(bundle.cited()) if has_lines else (),
            notes=(PSEUDONYMS,) if manifest.anonymised else (),
        )


def made_again(manifest: Manifest, members: Mapping[str, bytes]) -> tuple[Compared, ...]:
    """Compare the members that a second analysis gave with those of the bundle."""
    return tuple(
        Compared(name, State.SAME)
        if sha256(members[name]).hexdigest() == manifest.members.get(name)
        else Compared(name, State.DIFFERS, "a second analysis gives other bytes")
        for name in MADE
    )


def _without(bundle: Path, ledger: Sequence[Held]) -> Iterator[Held]:
    """Leave out the bundle itself where it lies among the logs, and what is packed in it."""
    own = {h.name for h in ledger if h.is_packed and h.path is not None and h.path.samefile(bundle)}
    return (h for h in ledger if not (h.is_packed and h.name in own) and h.holder not in own)


def _tool(manifest: Manifest, rules: Sequence[Rule]) -> Iterator[Compared]:
    name = printable(f"forensics {manifest.version}")
    if manifest.version != __version__:
        yield Compared(name, State.NOT_COMPARED, f"this is forensics {__version__}")
    elif manifest.code_sha256 != code_hash():
        yield Compared(
            name, State.NOT_COMPARED, "this program has the same version, and its files are others"
        )
    else:
        yield Compared(name, State.SAME)
    here = {rule.code: rule for rule in rules}
    for code, was in manifest.rules.items():
        why = _rule_fault(was, here.get(code))
        yield Compared(printable(code), State.NOT_COMPARED if why else State.SAME, why)
    for code in sorted(here.keys() - manifest.rules.keys()):
        yield Compared(code, State.NOT_COMPARED, "the bundle was made without this rule")


def _rule_fault(was: RuleThen, rule: Rule | None) -> str | None:
    if rule is None:
        return "there is no such rule here"
    if was.sha256 is None or rule_hash(rule) != was.sha256:
        return "the rule is another one here"
    if in_json(dict(rule.thresholds)) != was.thresholds:
        return "its thresholds are others here"
    return None if rule.is_expected == was.expected else "its safeguard is declared in one of both only"
