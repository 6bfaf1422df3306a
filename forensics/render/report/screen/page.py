"""Lines for a terminal: wrapped between words, indented under their heads, and no ``file:line`` ever broken.

All text becomes ``Text`` objects after ``plain``: nothing of a log is read as rich's markup or obeyed by a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import ASCII, ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from forensics.render.markup import COMMAND
from forensics.render.references import ShortNames
from forensics.schema.finding import Claim, EvidenceRef
from forensics.text.controls import plain

MEASURE = 112  # columns; longer lines are hard to read
LEAST_ROOM = 16  # columns that text needs beside its head, else it stands below it
GAP = "  "
REST = "  and 99 more"
QUIET = "dim"
HEADING = "bold cyan"
CODE = "bold"
CLAIM_STYLES = {Claim.OBSERVED: "green", Claim.DERIVED: QUIET, Claim.HYPOTHESIS: "magenta"}
# for terminals that know ASCII alone: what this program writes beside the words of logs
IN_ASCII = str.maketrans(
    {"“": '"', "”": '"', "\u2019": "'", "→": "->", "…": "...", "·": "-", "•": "*", "✗": "x", "─": "-"}
)


class Page:
    """What is printed on a console, line by line."""

    def __init__(self, console: Console, names: ShortNames, *, ascii_only: bool) -> None:
        self.console = console
        self.width = console.width
        self._names = names
        self._ascii_only = ascii_only
        self._cited: set[str] = set()

    def text(self, words: object, style: str = "") -> Text:
        """Return words as text in one line, harmless and fit for the terminal."""
        said = plain(words)
        return Text(said.translate(IN_ASCII) if self._ascii_only else said, style=style)

    def advised(self, words: str) -> Text:
        """Return guidance as text: what stands between backticks is a command, and is set apart."""
        pieces = COMMAND.split(plain(words))
        return Text("").join(
            Text(piece, style=CODE) if n % 2 else self.text(piece) for n, piece in enumerate(pieces)
        )

    def place(self, ref: EvidenceRef) -> Text:
        """Return where a line stands, by the shortest name that tells its file from the others."""
        return Text(f"{plain(self._names.of(ref.path))}:{ref.line}", style=QUIET)

    def cited(self, ref: EvidenceRef) -> Text:
        """Return where a line stands that is cited here: the whole name of its file will be told."""
        self._cited.add(ref.path)
        return self.place(ref)

    @property
    def shortened(self) -> tuple[str, ...]:
        """Return the whole names of the files that were cited by a shorter one."""
        return tuple(sorted(plain(name) for name in self._cited if self._names.of(name) != name))

    def claimed(self, words: str, claim: Claim) -> Text:
        """Return a sentence with its claim level."""
        said = self.text(words)
        said.append(f" [{claim.value}]", style=CLAIM_STYLES[claim])
        return said

    def blank(self) -> None:
        """Leave a line empty."""
        self.console.print()

    def heading(self, title: str, note: str = "", style: str = HEADING) -> None:
        """Begin a part."""
        self.blank()
        self.hanging(Text(""), Text.assemble(Text(title, style=style), GAP, self.text(note, QUIET)))

    def panel(self, title: Text, lines: Sequence[Text], style: str) -> None:
        """Print lines in a frame."""
        box = ASCII if self._ascii_only else ROUNDED
        body = Text("\n").join(lines)
        self.console.print(Panel(body, title=title, title_align="left", box=box, border_style=style))

    def hanging(self, head: Text, body: Text) -> None:
        """Print text behind its head; where it is wrapped, what follows stands under its beginning."""
        if self.width - head.cell_len < LEAST_ROOM:
            self.whole(head)
            head = Text(GAP)
        lines = body.wrap(self.console, self.width - head.cell_len, overflow="fold")
        for n, line in enumerate(lines):
            line.rstrip()
            self.whole(Text.assemble(head if n == 0 else " " * head.cell_len, line))

    def columns(self, head: Text, words: Text, room: int, beside: Text) -> None:
        """Print words in so many columns, and beside their first line what is never wrapped."""
        lines = words.wrap(self.console, room, overflow="fold") or [Text()]
        for n, line in enumerate(lines):
            line.rstrip()
            blanks = " " * (room - line.cell_len + len(GAP))
            first = (head, line, blanks, beside)
            self.whole(Text.assemble(*(first if n == 0 else (" " * head.cell_len, line))))

    def whole(self, line: Text) -> None:
        """Print a line as it is, however long."""
        line.rstrip()
        self.console.print(line, soft_wrap=True)

    def flow(self, head: Text | int, pieces: Iterable[Text]) -> None:
        """Print pieces side by side behind a head or so many blanks, each whole: what does not fit begins a line.

        A piece that is too long for its indent begins further left.
        """
        line = Text(" " * head) if isinstance(head, int) else head.copy()
        indent, is_begun = line.cell_len, False
        for piece in pieces:
            gap = GAP if is_begun else ""
            if line.cell_len + len(gap) + piece.cell_len > self.width and line.plain.strip():
                self.whole(line)
                line, is_begun = Text(" " * indent), False
            if not is_begun and not line.plain.strip():
                line = Text(" " * min(indent, max(self.width - piece.cell_len, len(GAP))))
            line = Text.assemble(line, GAP if is_begun else "", piece)
            is_begun = True
        if is_begun:
            self.whole(line)

    def places(self, head: Text | int, refs: Sequence[EvidenceRef], lead: Sequence[Text] = ()) -> None:
        """Print the first of these places behind what leads to them, as many as fit beside it, and count the rest."""
        apart = list({(ref.path, ref.line): ref for ref in refs}.values())
        widths = [self.place(ref).cell_len + len(GAP) for ref in apart]
        indent = head if isinstance(head, int) else head.cell_len
        room = self.width - indent + len(GAP) - sum(p.cell_len + len(GAP) for p in lead)
        taken = min(len(apart), 1)
        while taken < len(apart):
            is_last = taken + 1 == len(apart)
            if sum(widths[: taken + 1]) + (0 if is_last else len(REST)) > room:
                break
            taken += 1
        rest = len(apart) - taken
        used = sum(widths[:taken])
        left = room - used if used <= room else self.width - indent + len(GAP) - used
        words = f"and {rest} more" if left >= len(REST) else f"+{rest}"
        more = [Text(words, style=QUIET)] if rest else []
        self.flow(head, [*lead, *map(self.cited, apart[:taken]), *more])
