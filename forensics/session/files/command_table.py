"""The table of commands that only look (``commands.toml``), and how a command is compared with it."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import msgspec


class _Program(msgspec.Struct):
    looks: list[str]
    bare: str = ""
    values: str = ""


class _Statements(msgspec.Struct):
    options: str = ""
    behind: int | None = None
    values: str = ""


class _Databases(msgspec.Struct):
    reads: str
    changes: str
    programs: dict[str, _Statements]


class _Inner(msgspec.Struct):
    shells: str
    joined: str
    places: str


class _Table(msgspec.Struct, rename="kebab"):
    looks: str
    checks: str
    asks: str
    asks_first: str
    wrappers: dict[str, str]
    inner: _Inner
    statements: _Databases
    programs: dict[str, _Program]
    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The first words of a command, and the options that stand somewhere in it."""

    words: tuple[str, ...]
    options: tuple[str, ...]

    def fits(self, words: Sequence[str], options: Sequence[str]) -> bool:
        return (
            len(words) >= len(self.words)
            and all(map(fnmatchcase, words, self.words))
            and all(any(fnmatchcase(given, asked) for given in options) for asked in self.options)
        )


@dataclass(frozen=True, slots=True)
class CommandTable:
    """What is known of commands, ready to be asked."""

    looks: frozenset[str]
    asks: frozenset[str]
    asks_first: frozenset[str]
    wrappers: dict[tuple[str, ...], frozenset[str]]
    shells: frozenset[str]
    joined: frozenset[str]
    places: frozenset[tuple[str, ...]]
    databases: _Databases
    programs: dict[str, tuple[_Pattern, ...]] = field(repr=False)
    bare: dict[str, frozenset[str]] = field(repr=False)
    values: dict[str, frozenset[str]] = field(repr=False)
    changes: dict[tuple[str, ...], re.Pattern[str]] = field(repr=False)

    def looks_only(self, words: Sequence[str]) -> bool:
        """Say whether a command, without what runs it, is known to change nothing."""
        name, following = words[0], words[1:]
        plain, options = split_options(following, self.values.get(name, frozenset()))
        if self._changes(name, plain, following):
            return False
        if name in self.looks or words[-1] in self.asks or self._asks_first(plain, options):
            return True
        if name in self.databases.programs:
            return self._reads(name, following)
        bare = self.bare.get(name, frozenset())
        return any(
            pattern.fits(plain, options)
            for pattern in self.programs.get(name, ())
            if len(plain) <= len(pattern.words) or " ".join(pattern.words) not in bare or pattern.options
        )

    def _asks_first(self, plain: Sequence[str], options: Sequence[str]) -> bool:
        return len(plain) == 1 and plain[0] in self.asks_first and not any("fix" in o for o in options)

    def _changes(self, name: str, plain: Sequence[str], following: Sequence[str]) -> bool:
        """Say whether a word says so, by the row that names most of the command."""
        keys = [(name, *plain[:n]) for n in (2, 1, 0)]
        said = next((self.changes[key] for key in keys if key in self.changes), None)
        pairs = zip(following, [*following[1:], ""], strict=False)
        return said is not None and any(said.match(f"{one} {other} ") for one, other in pairs)

    def _reads(self, name: str, following: Sequence[str]) -> bool:
        """Say whether a database is asked, and every statement only reads; one that is typed later may do anything."""
        about = self.databases.programs[name]
        options = about.options.split()
        given = [text for option, text in itertools.pairwise(following) if option in options]
        if about.behind is not None:
            given += split_options(following, frozenset((*options, *about.values.split())))[0][about.behind :]
        statements = [s.strip() for text in given for s in re.split(r";|\n", text) if s.strip()]
        told = [s for s in statements if not s.startswith("--")]
        return bool(told) and all(
            re.match(self.databases.reads, s) and not re.match(self.databases.changes, s, re.DOTALL)
            for s in told
        )


def split_options(words: Sequence[str], valued: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return the words that are no options, and those that are; the value of an option is neither."""
    plain: list[str] = []
    options: list[str] = []
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word.startswith("-"):
            options.append(word)
            is_value = word in valued
        else:
            plain.append(word)
    return plain, options


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pattern(text: str) -> _Pattern:
    words = text.split()
    return _Pattern(
        tuple(w for w in words if not w.startswith("-")), tuple(w for w in words if w.startswith("-"))
    )


@cache
def command_table() -> CommandTable:
    """Return the table, read once."""
    text = (files("forensics") / "session" / "files" / "commands.toml").read_text(encoding="utf-8")
    told = msgspec.convert(tomllib.loads(text), _Table)
    return CommandTable(
        looks=_words(told.looks) | _words(told.checks),
        asks=_words(told.asks),
        asks_first=_words(told.asks_first),
        wrappers={tuple(name.split()): _words(values) for name, values in told.wrappers.items()},
        shells=_words(told.inner.shells),
        joined=_words(told.inner.joined),
        places=frozenset(tuple(place.split()) for place in told.inner.places.split("|")),
        databases=told.statements,
        programs={name: tuple(map(_pattern, p.looks)) for name, p in told.programs.items()},
        bare={name: _words(p.bare) for name, p in told.programs.items()},
        values={name: _words(p.values) for name, p in told.programs.items()},
        changes={tuple(name.split()): re.compile(shape, re.DOTALL) for name, shape in told.changes.items()},
    )
