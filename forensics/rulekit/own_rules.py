"""Rules that do not come with the program: files of the user's, and installed distributions.

They are code, and run as such: who calls this has decided that they may. What is run of a file is what is hashed,
so that a report can say which rules it was made with.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from forensics.errors import BadRuleError, UsageError
from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Origin, Rule, rule_named
from forensics.rulekit.rule_hash import file_hash_of, hash_of
from forensics.schema import Source
from forensics.schema.finding import Confidence, Nature, Severity

GROUP = "session_forensics.rules"
RULES_OF_OURS = "forensics.rules"
# where a rule found what it needs up to 0.1.0
ONCE = frozenset({"forensics.case", "forensics.finding", "forensics.rule"})
KINDS = {"severity": Severity, "confidence": Confidence, "nature": Nature, "guidance": Guidance}
CODE = re.compile(r"[A-Z]{2,}\d{2,}")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def from_files(names: Sequence[str], folder: Path) -> tuple[Rule, ...]:
    """Return the rules of files, in the order named. Raises ``BadRuleError``, with the line where Python tells it."""
    return tuple(rule for name in names for rule in _from_file(name, folder / name))


def from_distributions() -> tuple[Rule, ...]:
    """Return the rules that installed distributions offer. Raises ``BadRuleError``."""
    points = sorted(entry_points(group=GROUP), key=lambda p: (_distribution(p), p.name))
    return tuple(rule for point in points for rule in _from_point(point))


def together(rules: Sequence[Rule], own: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return all rules in the order of their codes. Raises ``BadRuleError`` for a code or name that two have."""
    found = list(rules)
    for one in own:
        for text in (one.code, one.name):
            other = rule_named(found, text)
            if other is not None:
                whose = f"{other.code} {other.name}{_of(other)}"
                msg = f"{_file(one)}: {one.code} {one.name}: {text} is taken by {whose}"
                raise BadRuleError(msg)
        found.append(one)
    return tuple(sorted(found, key=lambda r: r.code))


def several(rules: object) -> tuple[Rule, ...]:
    """Return rules that were handed over, each once. Raises ``UsageError`` for what is no rule, or there twice."""
    if not isinstance(rules, Sequence) or not all(isinstance(r, Rule) for r in rules):
        msg = "rules: a sequence of rules is wanted, such as forensics.rules.RULES, and not their codes"
        raise UsageError(msg)
    twice = sorted(code for code, times in Counter(r.code for r in rules).items() if times > 1)
    if twice:
        msg = f"rules: {', '.join(twice)} there more than once"
        raise UsageError(msg)
    return tuple(rules)


def _from_file(name: str, path: Path) -> Iterator[Rule]:
    try:
        source = path.read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror or error}; the configuration names it as a file with rules"
        raise BadRuleError(msg) from error
    digest = hashlib.sha256(source).hexdigest()
    module = ModuleType(f"_forensics_rules_{digest[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses of the file look themselves up there
    try:
        # of the bytes at hand, not by the import system: what is hashed is what runs, and no cache is written
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - see the module
    except (Exception, SystemExit) as error:
        raise BadRuleError(_broken(path, error)) from error
    for rule in _rules_of(module, str(path)):
        yield replace(rule, origin=Origin(Path(name).as_posix(), hash_of(source, rule)))


def _broken(path: Path, error: BaseException) -> str:
    """Say what Python says of a file that it could not run, and of which line."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f.lineno for f in reversed(frames) if f.filename == str(path)), None)
    told = str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in ONCE:
        told = f"there is no {error.name} any more: from forensics.rulekit import …"
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line, told = error.lineno, error.msg
    where = f"{path}, line {line}" if line else str(path)
    return f"{where}: {type(error).__name__}: {told}"


def _from_point(point: EntryPoint) -> Iterator[Rule]:
    named = f"{_distribution(point)} ({point.name} = {point.value})"
    try:
        offered: object = point.load()
    except (Exception, SystemExit) as error:
        msg = f"{named}: {type(error).__name__}: {error}"
        raise BadRuleError(msg) from error
    for rule in _rules_of(offered, named):
        yield replace(rule, origin=Origin(_distribution(point), _digest(rule, named)))


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown distribution"


def _digest(rule: Rule, named: str) -> str:
    """Return the hash of the file that a rule's function stands in, and of its words."""
    try:
        return file_hash_of(rule)
    except (OSError, TypeError) as error:
        msg = f"{named}: {rule.code}: its code stands in no file, and cannot be hashed"
        raise BadRuleError(msg) from error


def _rules_of(offered: object, where: str) -> tuple[Rule, ...]:
    """Return the rules that a file or an entry point offers. Raises ``BadRuleError`` where there is none."""
    if isinstance(offered, ModuleType):
        offered = getattr(offered, "RULES", _rules_in(offered))
    listed = [offered] if isinstance(offered, Rule) else offered
    if not isinstance(listed, Sequence) or not listed:
        msg = f"{where}: no rule found: a function with @rule(…) is one, and RULES = (…) may list them"
        raise BadRuleError(msg)
    for one in listed:
        if not isinstance(one, Rule):
            msg = f"{where}: RULES holds a {type(one).__name__}, which is no rule: a function with @rule(…) is one"
            raise BadRuleError(msg)
        for fault in _faults(one):
            line = _line(one)
            msg = f"{where}{f', line {line}' if line else ''}: {one.code}: {fault}"
            raise BadRuleError(msg)
    return tuple(listed)


def _rules_in(module: ModuleType) -> list[Rule]:
    """Return the rules of a module that lists none; one of ours that it imports is not its own."""
    named = {id(v): v for v in vars(module).values() if isinstance(v, Rule)}
    return [
        r
        for r in named.values()
        if not str(getattr(r.detect, "__module__", "")).startswith(f"{RULES_OF_OURS}.")
    ]


def _faults(rule: Rule) -> Iterator[str]:
    """Say what of a rule does not hold what a rule promises: its author may have no type checker."""
    held: dict[str, object] = {f.name: getattr(rule, f.name) for f in fields(rule)}
    held |= {"title": rule.title, "guidance": rule.guidance}
    code, name, title, sources = (held[key] for key in ("code", "name", "title", "any_of"))
    if not isinstance(code, str) or not CODE.fullmatch(code):
        yield "a code is two capital letters or more, then two digits or more, such as OUR101"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield f"its name {name!r} is not of the kind what-is-wrong: small letters and hyphens"
    if not isinstance(title, str) or not title.strip() or not title.isprintable():
        yield "its title is not one line of text"
    for field, kind in KINDS.items():
        if not isinstance(held[field], kind):
            yield f"its {field} is no {kind.__name__}"
    if not isinstance(sources, frozenset) or not sources or not all(isinstance(s, Source) for s in sources):
        yield "its any_of is no frozenset of Source, of at least one"
    yield from _faults_of_function(rule)


def _faults_of_function(rule: Rule) -> Iterator[str]:
    try:
        parameters = list(inspect.signature(rule.detect).parameters.values())
    except (TypeError, ValueError):
        yield "@rule(…) stands above no function"
        return
    if not parameters or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        yield "its function takes no case: def name(case: Case, *, threshold: float = 1.0)"
    for p in parameters[1:]:
        if p.kind is not p.KEYWORD_ONLY or not _is_setting(p.default):
            yield (
                f"its parameter {p.name} is no threshold: those stand after the *, each with a default that is "
                "a number, a string, true or false, or a tuple of such"
            )


def _is_setting(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_setting(item) for item in value)
    return isinstance(value, bool | int | float | str)


def _line(rule: Rule) -> int | None:
    code = getattr(rule.detect, "__code__", None)
    return code.co_firstlineno if code is not None else None


def _file(rule: Rule) -> str:
    return rule.origin.name if rule.origin is not None else "forensics"


def _of(rule: Rule) -> str:
    return f" of {rule.origin.name}" if rule.origin is not None else ", a rule of forensics itself"
