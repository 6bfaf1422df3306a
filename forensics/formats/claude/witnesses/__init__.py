"""Who may say that the client died, and in which words: runtimes, shells, runners, kernels, editors.

The client's own records tell how a turn went. How its process ended stands beside them, in other programs' words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.formats.claude.witnesses.bun import panics
from forensics.formats.claude.witnesses.death import Death, How, Said, Witness
from forensics.formats.claude.witnesses.node import uncaught
from forensics.formats.claude.witnesses.sentences import MARK, death_in
from forensics.formats.claude.witnesses.v8 import full_heaps

__all__ = ["Death", "How", "Said", "Witness", "deaths_in", "may_tell"]

# what stands in each text that tells of a death: all others are not looked at line by line
CHEAP = (
    "panic(",
    "panic: ",
    "FATAL ERROR",
    "<--- Last",
    "Node.js v",
    "Bun v",
    "throw er",
    "triggerUncaught",
    "    at ",
)


WIDE = 1000  # no witness's line is longer: what is, is code or content
RIGHT_BELOW = 3  # lines: a prompt or an empty line may stand between a program's last words and its shell's


def may_tell(line: str) -> bool:
    """Say whether a line by itself may be a witness's: a cheap look, made on every line."""
    line = line[:WIDE]
    return MARK.search(line) is not None or any(words in line for words in CHEAP)


def deaths_in(lines: Sequence[Said]) -> list[Death]:
    """Return the deaths that a text tells, in order of lines.

    What a shell or a runner says of a process without naming it is the echo of what its runtime said before.
    """
    lines = [(number, text[:WIDE]) for number, text in lines]
    own = [*panics(lines), *full_heaps(lines)]
    taken = {line for death in own for line in death.lines}
    own += [death for death in uncaught(lines) if not taken.intersection(death.lines)]
    beside = list(_beside(lines, own))
    return sorted([*(_named(death, beside) for death in own), *beside], key=lambda death: death.line)


def _named(death: Death, beside: Sequence[Death]) -> Death:
    """Return a runtime's words with the name that another witness gives the process right below them."""
    end = max((death.line, *death.lines))
    below = (d.is_client for d in beside if end < d.line <= end + RIGHT_BELOW and d.is_client is not None)
    return death.named(is_client=next(below, False))


def _beside(lines: Sequence[Said], own: Sequence[Death]) -> Iterator[Death]:
    """Yield what others say of a death, without echoes."""
    taken = {line for death in own for line in death.lines}
    for number, text in lines:
        said = death_in(number, text) if number not in taken else None
        if said is not None and (said.is_client is not None or not own):
            yield said
