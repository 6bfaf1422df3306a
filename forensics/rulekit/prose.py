"""What a rule says, as data: the TOML file beside it, typed.

A sentence has a name, a place and a claim, so that a reader sees together all that a rule may ever say, and which of
it is stated as observed. Its fields are plain names in braces: no logic, no format, no attribute. Where words depend
on a case, the rule chooses between two sentences.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

import msgspec

from forensics.errors import BadRuleError
from forensics.schema.finding import Claim, Slot

# where words stand: as a finding's message, in one of its slots, as the reason why a rule does not judge, as another
# contract than the rule's own, or as a part of other words
Place: TypeAlias = Literal[
    "message", "happened", "why", "impact", "question", "insufficient", "not-applicable", "contract", "part"
]
T = TypeVar("T")
CLAIMED = ("message", "happened", "why", "impact")
SLOTS: dict[Place, Slot] = {
    "happened": Slot.HAPPENED, "why": Slot.WHY, "impact": Slot.IMPACT, "question": Slot.QUESTION,
}  # fmt: skip
FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# what was meant as one, and would be printed as it stands
NO_FIELD = re.compile(r"(?<!\$)\{[a-z_][A-Za-z0-9_]*[:!.\[][^{}]*\}")
SECTIONS = ("What it detects", "Why it matters", "How to fix", "Known misses")


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sentence, or a part of one.

    ``claim`` stands with what is stated; a question is always a hypothesis, and names what would settle it
    (``settled_by``: the source, and what to look for there). A finding that is a hypothesis as a whole says so with
    its message. Raises ``ValueError`` where that does not hold.
    """

    place: Place
    text: str
    claim: Claim | None = None
    settled_by: str | None = None

    def __post_init__(self) -> None:
        if (self.claim is not None) != (self.place in CLAIMED):
            kind = "needs its claim" if self.claim is None else "carries no claim"
            msg = f"a text of place {self.place} {kind}"
            raise ValueError(msg)
        if self.claim is Claim.HYPOTHESIS and self.place != "message":
            msg = "a hypothesis is asked as a question, never stated"
            raise ValueError(msg)
        if odd := NO_FIELD.search(f"{self.text}{self.settled_by or ''}"):
            msg = f"{odd[0]} is no field: a field is a plain name in braces, without a format"
            raise ValueError(msg)
        if (self.settled_by is not None) != (self.place == "question"):
            msg = "a question, and nothing else, names what settles it: settled_by"
            raise ValueError(msg)

    @property
    def fields(self) -> frozenset[str]:
        """Return the names that the words leave open."""
        return frozenset(FIELD.findall(f"{self.text}{self.settled_by or ''}"))


class Guidance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to do about a finding, in the words that the report prints.

    ``contract`` is the rule that was broken, with where it is written. ``metric`` is the sentence that
    the rule decides: it passes only when the rule ran and found nothing. In the steps and the two lessons, what
    stands between backticks is a command, shown as code as it is.
    """

    contract: str
    immediate: tuple[str, ...] = ()
    this_week: tuple[str, ...] = ()
    strategic: tuple[str, ...] = ()
    avoid: str
    instead: str
    before: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    metric: str


class Documentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The four parts of a rule's documentation."""

    detects: str
    matters: str
    fix: str
    misses: str

    def under(self, summary: str) -> str:
        """Return the whole page in Markdown, beginning with the rule in one line."""
        parts = zip(SECTIONS, (self.detects, self.matters, self.fix, self.misses), strict=True)
        return "\n\n".join((summary, *(f"## {title}\n{text.strip()}" for title, text in parts)))


class Prose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that stands in a rule's TOML file."""

    title: str
    summary: str
    references: tuple[str, ...] = ()
    documentation: Documentation
    guidance: Guidance
    sentences: dict[str, Wording]


def read_prose(data: bytes, name: str) -> Prose:
    """Read a rule's words. Raises ``BadRuleError``, with file and key, for what is missing, unknown or no TOML."""
    try:
        told = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{name}: {error}"
        raise BadRuleError(msg) from error
    # part by part, so that an error names the sentence: of a mapping msgspec names no key
    sentences = told.get("sentences")
    if isinstance(sentences, dict):
        named = sentences.items()
        told["sentences"] = {key: _typed(one, Wording, name, f"sentences.{key}: ") for key, one in named}
    return _typed(told, Prose, name)


def _typed(value: object, kind: type[T], name: str, key: str = "") -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        msg = f"{name}: {key}{error}"
        raise BadRuleError(msg) from error


def filled(text: str, given: Mapping[str, object]) -> str:
    """Put what is given into the fields of a text, once: what is put in is not looked at again.

    Raises ``KeyError`` for a field that was not given.
    """
    return FIELD.sub(lambda field: str(given[field[1]]), text)
