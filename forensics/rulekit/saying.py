"""A rule's words at hand: read from the file beside it when they are first asked for, filled with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from forensics.errors import BadRuleError
from forensics.rulekit.prose import SLOTS, Guidance, Place, Prose, Wording, filled, read_prose
from forensics.schema.finding import (
    Cite,
    Claim,
    Confidence,
    FactValue,
    Hit,
    Insufficient,
    Nature,
    NotApplicable,
    Severity,
    Statement,
    Table,
)

# what a sentence rests on: a record, a part of its line, or nothing where the record is not there
Rest: TypeAlias = "int | Cite | None"


class Words:
    """What a rule says, by name. ``data`` are the bytes that were read, for who must tell what was run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def data(self) -> bytes:
        """Return the file's bytes, read once. Raises ``BadRuleError`` where it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            msg = f"{self.path}: {error.strerror or error}; a rule's words stand in a TOML file beside it"
            raise BadRuleError(msg) from error

    @cached_property
    def prose(self) -> Prose:
        """Return all that stands in it. Raises ``BadRuleError`` with file and key."""
        return read_prose(self.data, self.path.name)

    @property
    def title(self) -> str:
        """Return what the rule is about, in a line."""
        return self.prose.title

    @property
    def guidance(self) -> Guidance:
        """Return what to do about its findings."""
        return self.prose.guidance

    @property
    def references(self) -> tuple[str, ...]:
        """Return what its documentation refers to."""
        return self.prose.references

    @property
    def documentation(self) -> str:
        """Return its page in Markdown."""
        return self.prose.documentation.under(self.prose.summary)

    def wording(self, name: str, *places: Place) -> Wording:
        """Return one sentence. Raises ``BadRuleError`` where there is none of this name, or not for these places."""
        found = self.prose.sentences.get(name)
        if found is None or found.place not in places:
            kind = (
                "no such sentence"
                if found is None
                else f"a text of place {found.place}, not {' or '.join(places)}"
            )
            msg = f"{self.path.name}: sentences.{name}: {kind}"
            raise BadRuleError(msg)
        return found

    def saying(self, **fields: object) -> Saying:
        """Return the words with some fields given for all sentences of a finding."""
        return Saying(self, fields)

    def not_applicable(self, name: str, /, **fields: object) -> NotApplicable:
        """Say why the session holds nothing that the rule judges."""
        return NotApplicable(_said(self, self.wording(name, "not-applicable"), name, fields))

    def insufficient(self, name: str, /, **fields: object) -> Insufficient:
        """Say what is missing in the evidence."""
        return Insufficient(_said(self, self.wording(name, "insufficient"), name, fields))

    def part(self, name: str, /, **fields: object) -> str:
        """Return words that stand in a field of others."""
        return _said(self, self.wording(name, "part"), name, fields)


@dataclass(frozen=True, slots=True)
class Saying:
    """A rule's words about one finding."""

    words: Words
    fields: Mapping[str, object] = field(default_factory=dict)

    def also(self, **fields: object) -> Saying:
        """Return the same words with more fields given."""
        return Saying(self.words, {**self.fields, **fields})

    def part(self, name: str, /, **fields: object) -> str:
        """Return words that stand in a field of others."""
        return self.words.part(name, **{**self.fields, **fields})

    def contract(self, name: str, /, **fields: object) -> str:
        """Return the contract under which this finding falls in place of the rule's."""
        return _said(self.words, self.words.wording(name, "contract"), name, {**self.fields, **fields})

    def sentence(self, name: str, /, *rests: int | None, **fields: object) -> Statement:
        """State or ask something, with the records that it rests on, each once."""
        wording = self.words.wording(name, *SLOTS)
        given = {**self.fields, **fields}
        return Statement(
            SLOTS[wording.place],
            wording.claim or Claim.HYPOTHESIS,
            _said(self.words, wording, name, given),
            tuple(dict.fromkeys(r for r in rests if r is not None)),
            filled(wording.settled_by or "", given),
        )

    def hit(
        self,
        message: str,
        *,
        subject: str,
        cites: Iterable[Rest],
        facts: Mapping[str, FactValue],
        statements: Iterable[Statement] = (),
        tables: Iterable[Table] = (),
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        agent_id: str | None = None,
        apart: str = "",
        contract: str | None = None,
        contract_held: bool | None = False,
        nature: Nature | None = None,
    ) -> Hit:
        """Make a finding of the message of this name; what the others mean stands at ``Hit``."""
        wording = self.words.wording(message, "message")
        return Hit(
            subject=subject,
            message=_said(self.words, wording, message, self.fields),
            claim=wording.claim or Claim.DERIVED,
            cites=tuple(_cites(cites)),
            facts=facts,
            statements=tuple(statements),
            tables=tuple(tables),
            severity=severity,
            confidence=confidence,
            agent_id=agent_id,
            apart=apart,
            contract=contract,
            contract_held=contract_held,
            nature=nature,
        )


def _cites(rests: Iterable[Rest]) -> Iterable[Cite]:
    """Yield each record once, in order; of one that is given with and without a quote the first."""
    seen: dict[int, Cite] = {}
    for rest in rests:
        if rest is not None:
            cite = rest if isinstance(rest, Cite) else Cite(rest)
            seen.setdefault(cite.event_id, cite)
    return seen.values()


def _said(words: Words, wording: Wording, name: str, given: Mapping[str, object]) -> str:
    """Fill the fields of a text. Raises ``BadRuleError`` for one that was not given."""
    try:
        return filled(wording.text, given)
    except KeyError as missing:
        msg = f"{words.path.name}: sentences.{name}: the field {missing} was not given"
        raise BadRuleError(msg) from missing


def words(python_file: str) -> Words:
    """Return the words that stand in the TOML file beside a rule: ``words(__file__)``."""
    return Words(Path(python_file).with_suffix(".toml"))
