"""An error that nobody caught, as Node and Bun print it: the place, the error's own sentence, its stack, a trailer.

The sentence is the reason; the trailer only proves that the process ended by it. Not each release prints one, and
of a block that was copied any part may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.formats.claude.witnesses.death import CLIENT_FRAME, Death, How, Said, Witness

TRAILER = re.compile(r"^\s*(?:Node\.js v\d+\.\d+\.\d+\S*|Bun v\d+\.\d+\.\d+\S* \([^)]*\))\s*$")
OPENS = re.compile(r"^\s*throw er; // Unhandled 'error' event|^\s*triggerUncaughtException\(")
SENTENCE = re.compile(
    r"^(?:Uncaught )?(?:\[?(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception|Rejection)(?: \[[A-Z][A-Z_0-9]+\])?|error): +\S.*"
)
STACK = re.compile(r"^\s+at \S")
FRAME = re.compile(CLIENT_FRAME)
# what may stand behind a stack: properties of the error, a prompt of the shell
PROPERTY = re.compile(r"^\s*[\]})]*,?\s*$|^\s+(?:\[?[\w$ ()]+\]?): |^Emitted '")
PROMPT = re.compile(r"^\S*[$%#>❯] ?$|^\S+@\S+[:~ ].*[$%#] ?$|^(?:PS )?[A-Z]:\\.*> ?$")
ABOVE, BELOW = 80, 20  # lines of a block above its trailer, and below its first words


@dataclass(frozen=True, slots=True)
class _Block:
    first: int
    last: int
    sentence: int | None

    @property
    def told(self) -> int:
        """Return the line that says most: without a sentence the one that proves the end."""
        return self.last if self.sentence is None else self.sentence


def uncaught(lines: Sequence[Said]) -> Iterator[Death]:
    """Yield each error that ended its process."""
    blocks = [*_trailed(lines)]
    blocks += [block for block in _opened(lines) if not _within(block, blocks)]
    blocks += [block for block in _last_words(lines) if not _within(block, blocks)]
    for block in sorted(blocks, key=lambda b: b.first):
        own = lines[block.first : block.last + 1]
        number, text = lines[block.told]
        yield Death(
            line=number,
            how=How.CRASHED,
            reason=text.strip(),
            witness=Witness.RUNTIME,
            is_client=any(FRAME.search(said) for _, said in own) or None,
            lines=tuple(n for n, _ in own),
        )


def _within(block: _Block, others: Sequence[_Block]) -> bool:
    return any(block.first <= other.last and other.first <= block.last for other in others)


def _trailed(lines: Sequence[Said]) -> Iterator[_Block]:
    """Yield the blocks that end in the runtime's name."""
    before = -1
    for at, (_, text) in enumerate(lines):
        if not TRAILER.match(text):
            continue
        above = range(at - 1, max(before, at - ABOVE - 1), -1)
        sentences = [n for n in above if SENTENCE.match(lines[n][1])]
        opened = [n for n in above if OPENS.match(lines[n][1])]
        # a sentence of the code around may stand above the place: the error's own stands below it
        own = [n for n in sentences if not opened or n > opened[0]]
        yield _Block(
            min((*sentences[:1], *opened[:1]), default=at),
            at,
            own[-1] if opened and own else next(iter(sentences), None),
        )
        before = at


def _opened(lines: Sequence[Said]) -> Iterator[_Block]:
    """Yield the blocks that begin with the place that the error was thrown at."""
    for at, (_, text) in enumerate(lines):
        if OPENS.match(text):
            below = range(at + 1, min(len(lines), at + BELOW))
            sentence = next((n for n in below if SENTENCE.match(lines[n][1])), None)
            yield _Block(at, _stack_end(lines, at if sentence is None else sentence), sentence)


def _last_words(lines: Sequence[Said]) -> Iterator[_Block]:
    """Yield an error with the client's frames that is the last thing which is shown, but for the shell's prompt."""
    for at in range(len(lines) - 1, -1, -1):
        if not SENTENCE.match(lines[at][1]):
            continue
        end = _stack_end(lines, at)
        frames = [text for _, text in lines[at + 1 : end + 1] if STACK.match(text)]
        rest = [text for _, text in lines[end + 1 :] if text.strip()]
        if any(FRAME.search(text) for text in frames) and all(PROMPT.match(text) for text in rest):
            yield _Block(at, end, at)
        return


def _stack_end(lines: Sequence[Said], at: int) -> int:
    """Return the last line of the error that begins here: its stack and its properties."""
    end = at
    for n in range(at + 1, len(lines)):
        text = lines[n][1]
        if not (STACK.match(text) or FRAME.search(text) or PROPERTY.match(text)):
            break
        end = n if text.strip() else end
    return end
