"""The manifest of a bundle as it was written: read with care, since anybody may have written it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from forensics.errors import BundleError
from forensics.evidence.names import printable
from forensics.schema.bundle import MANIFEST, MANIFEST_VERSION, sum_line

T = TypeVar("T")
SHA256 = re.compile(r"[0-9a-f]{64}")
LINE = re.compile(r"(?P<sha256>[0-9a-f]{64})  (?P<name>[\w.-]{1,64})")
LONGEST = 10_000  # characters of a name
MOST_NUMBER = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that was given, as the manifest has it."""

    path: str
    member_of: str | None
    sha256: str | None
    size: int
    is_on_disk: bool


@dataclass(frozen=True, slots=True)
class RuleThen:
    """A rule as it was in force: its code, its thresholds as JSON has them, and whether its safeguard was declared."""

    sha256: str | None
    thresholds: str
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle says of itself."""

    version: str  # of the tool
    code_sha256: str | None
    zone: str | None
    redacted: bool
    anonymised: bool
    sessions: tuple[str, ...]
    rules: dict[str, RuleThen]  # by their codes
    inputs: tuple[Input, ...]
    members: dict[str, str]  # hashes by names

    @property
    def inputs_list(self) -> str:
        """Return the list of hashes that it goes with."""
        return "".join(sum_line(i.sha256, i.path) for i in self.inputs if i.is_on_disk and i.sha256)


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest. Raises ``BundleError`` for what is none."""
    document = _Object(parsed(data, MANIFEST), MANIFEST)
    version = document.get("manifest_version", str)
    if version != MANIFEST_VERSION:
        _refuse(
            f"it is of version {printable(version[:20])}, and this program reads version {MANIFEST_VERSION}"
        )
    tool = document.object("tool")
    rules = {
        r.get("code", str): RuleThen(
            r.hash("sha256"), in_json(r.get("thresholds", dict)), r.get("expected", bool)
        )
        for r in document.objects("rules")
    }
    members = {m.get("name", str): m.hash("sha256") or "" for m in document.objects("members")}
    return Manifest(
        version=tool.get("version", str),
        code_sha256=tool.hash("code_sha256"),
        zone=document.maybe("zone", str),
        redacted=document.get("redacted", bool),
        anonymised=document.get("anonymised", bool),
        sessions=tuple(s for s in document.get("sessions", list) if isinstance(s, str)),
        rules=rules,
        inputs=tuple(_input(i) for i in document.objects("inputs")),
        members=members,
    )


def parsed(data: bytes, name: str) -> object:
    """Read JSON of a stranger. Raises ``BundleError``."""
    try:
        document: object = json.loads(data)
    except (
        ValueError,
        RecursionError,
    ) as error:  # no text, no JSON, a number of too many digits; nested too deep
        _refuse(f"it cannot be read as JSON: {error}", name)
    return document


def in_json(thresholds: object) -> str:
    """Write thresholds in the one way in which they can be compared."""
    return json.dumps(thresholds, sort_keys=True)


def read_sums(data: bytes) -> dict[str, str]:
    """Return the hashes of a list by names; what is no line of such a list is left out."""
    lines = data.decode("utf-8", "replace").split("\n")
    return {m["name"]: m["sha256"] for m in map(LINE.fullmatch, lines) if m is not None}


def _input(given: _Object) -> Input:
    sha256 = given.hash("sha256")
    size = given.maybe("bytes", int) or 0
    return Input(
        path=given.get("path", str),
        member_of=given.maybe("member_of", str),
        sha256=sha256,
        size=size if 0 <= size < MOST_NUMBER else 0,
        is_on_disk=given.maybe("mtime", str) is not None,
    )


class _Object:
    """A JSON object of which each value is asked for with its type."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            _refuse(f"{where} is no object")
        self._value: dict[str, object] = value
        self._where = where

    def get(self, key: str, kind: type[T]) -> T:
        value = self._value.get(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            _refuse(f"{key} of {self._where} is no {kind.__name__}")
        if isinstance(value, str) and len(value) > LONGEST:
            _refuse(f"{key} of {self._where} is longer than {LONGEST} characters")
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        return None if self._value.get(key) is None else self.get(key, kind)

    def hash(self, key: str) -> str | None:
        value = self.maybe(key, str)
        if value is not None and not SHA256.fullmatch(value):
            _refuse(f"{key} of {self._where} is no SHA-256")
        return value

    def object(self, key: str) -> _Object:
        return _Object(self._value.get(key), key)

    def objects(self, key: str) -> list[_Object]:
        return [_Object(value, f"an entry of {key}") for value in self.get(key, list)]


def _refuse(why: str, name: str = MANIFEST) -> NoReturn:
    msg = f"{name}: {why}"
    raise BundleError(msg)
