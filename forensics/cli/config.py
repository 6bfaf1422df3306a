"""The configuration: a TOML file to a frozen ``Config``, and what it says bound to the rules.

A key is a field of ``Config`` and a line in ``_config``. What the file says and nobody asked for is an error that
names the nearest key: a gate whose threshold is mistyped must not stay silent about it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from forensics.errors import ConfigError
from forensics.rulekit.rule import Rule, Setting, rule_named
from forensics.text.nearest import nearest

OWN_FILE, PROJECT_FILE = "forensics.toml", "pyproject.toml"
NOTHING: Mapping[str, object] = MappingProxyType({})
T = TypeVar("T")
INTEGERS = 2**63  # what TOML promises to hold, and a table's column can


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the user configured. ``trusted``: the code that it names may run."""

    path: Path | None = None
    trusted: bool = False
    rules: tuple[str, ...] = ()  # files with rules, relative to the folder of ``path``
    expect: Mapping[str, bool] = field(
        default_factory=dict
    )  # the safeguards that are declared, or declared absent
    thresholds: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # by a rule's code or name

    def bind(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """Return the rules as configured. Raises ``ConfigError`` for what no rule has, or a wrong type."""
        declared = self._declared({r.expectation for r in rules if r.expectation})
        settings = self._settings(rules)
        return tuple(
            replace(r, settings=settings.get(r.code, {}), is_expected=r.expectation in declared)
            for r in rules
        )

    def _declared(self, known: set[str]) -> set[str]:
        for name in self.expect:
            if name not in known:
                raise _wrong(
                    self.path,
                    f"expect.{name}",
                    f"no rule has this expectation; {nearest(name, sorted(known))}",
                )
        return {name for name, declared in self.expect.items() if declared}

    def _settings(self, rules: Sequence[Rule]) -> dict[str, dict[str, Setting]]:
        found: dict[str, dict[str, Setting]] = {}
        for name, values in self.thresholds.items():
            where = f"thresholds.{name}"
            rule = rule_named(rules, name)
            if rule is None:
                known = [n for r in rules for n in (r.code, r.name)]
                close = nearest(name, known)
                raise _wrong(self.path, where, f"there is no such rule; {close}")
            if rule.code in found:
                raise _wrong(self.path, where, f"the thresholds of {rule.code} stand under another name, too")
            found[rule.code] = {key: self._setting(rule, where, key, value) for key, value in values.items()}
        return found

    def _setting(self, rule: Rule, where: str, key: str, value: object) -> Setting:
        defaults = replace(rule, settings={}).thresholds
        if key not in defaults:
            close = nearest(key, defaults)
            raise _wrong(self.path, f"{where}.{key}", f"{rule.code} has no such threshold; {close}")
        setting = _like(defaults[key], value)
        if setting is None:
            wanted, given = _kind(defaults[key]), _given(value)
            raise _wrong(self.path, f"{where}.{key}", f"{wanted} is needed, and {given} is given")
        return setting


def find(folder: Path) -> Path | None:
    """Return the configuration that a folder holds: its own file, else the project's with our table in it."""
    own, project = folder / OWN_FILE, folder / PROJECT_FILE
    if own.is_file():
        return own
    # most projects do not name us at all: a file of theirs that is no TOML is then no business of ours
    if project.is_file() and b"forensics" in project.read_bytes() and _table(project) is not None:
        return project
    return None


def read(path: Path, *, trusted: bool) -> Config:
    """Read a configuration. Raises ``ConfigError``, or ``OSError`` for a file that cannot be read."""
    table = _table(path)
    if table is None:
        msg = f"{path}: has no table [tool.forensics]"
        raise ConfigError(msg)
    return _config(_Table(path, table), trusted=trusted)


def _config(table: _Table, *, trusted: bool) -> Config:
    config = Config(
        path=table.path,
        trusted=trusted,
        rules=table.strings("rules"),
        expect=table.flags("expect"),
        thresholds=table.tables("thresholds"),
    )
    table.finish()
    return config


def _table(path: Path) -> Mapping[str, object] | None:
    """Return our table; null where a project has none."""
    try:
        data: Mapping[str, object] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        msg = f"{path}: is no TOML: {error}"
        raise ConfigError(msg) from error
    if path.name != PROJECT_FILE:
        return data
    tools = data.get("tool", NOTHING)
    table = tools.get("forensics") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise _wrong(path, "tool.forensics", f"a table is needed, and {_given(table)} is given")
    return table


class _Table:
    """A table that is asked for its keys, each with the type it needs; what is left over in the end is an error."""

    def __init__(self, path: Path, data: Mapping[str, object]) -> None:
        self.path = path
        self._data = data
        self._asked: list[str] = []

    def strings(self, key: str) -> tuple[str, ...]:
        return tuple(self._one(f"{key}[{n}]", v, str, "a string") for n, v in enumerate(self._list(key)))

    def flags(self, key: str) -> Mapping[str, bool]:
        flags = self._get(key, dict, "a table")
        return {k: self._one(f"{key}.{k}", v, bool, "true or false") for k, v in flags.items()}

    def tables(self, key: str) -> Mapping[str, Mapping[str, object]]:
        tables = self._get(key, dict, "a table")
        return {k: self._one(f"{key}.{k}", v, dict, "a table") for k, v in tables.items()}

    def finish(self) -> None:
        """Raise ``ConfigError`` for a key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                raise _wrong(self.path, key, f"there is no such key; {nearest(key, self._asked)}")

    def _list(self, key: str) -> list[object]:
        return self._get(key, list, "a list")

    def _get(self, key: str, kind: type[T], wanted: str) -> T:
        self._asked.append(key)
        return self._one(key, self._data[key], kind, wanted) if key in self._data else kind()

    def _one(self, where: str, value: object, kind: type[T], wanted: str) -> T:
        if not isinstance(value, kind):
            raise _wrong(self.path, where, f"{wanted} is needed, and {_given(value)} is given")
        return value


def _wrong(path: Path | None, where: str, what: str) -> ConfigError:
    return ConfigError(f"{path}: {where}: {what}")


def _like(default: Setting, value: object) -> Setting | None:
    """Return a value as the type of the default that it replaces; null where it is none of this type."""
    if isinstance(default, tuple):
        if not isinstance(value, list):
            return None
        items = [_like(default[0] if default else "", item) for item in value]
        return None if None in items else tuple(i for i in items if i is not None)
    if isinstance(default, bool) or isinstance(value, bool):
        return value if isinstance(value, bool) and isinstance(default, bool) else None
    if isinstance(default, float):
        return float(value) if isinstance(value, int | float) and abs(value) < math.inf else None
    if isinstance(default, int):
        return value if isinstance(value, int) and abs(value) < INTEGERS else None
    return value if isinstance(value, str) else None


def _kind(default: Setting) -> str:
    """Say what a threshold takes."""
    if isinstance(default, tuple):
        return f"a list, of which each item is {_kind(default[0] if default else '')},"
    return _given(default)


def _given(value: object) -> str:
    """Say of which type a value is."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    known = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    others: dict[type, str] = {list: "a list", dict: "a table"}
    return (known | others).get(type(value), "a date or time")
