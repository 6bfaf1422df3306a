"""What a check of a bundle says, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from forensics.analysis.custody.compared import ALIKE, Compared, State, Verification
from forensics.render.markup import json_text
from forensics.render.rich_text import printed, terminal, write_line
from forensics.text.controls import plain

SHOWN = 20  # of each kind of thing


def as_text(told: Verification, *, width: int | None, color: bool) -> str:
    """Return what was compared, what of it is not the same, and what that means."""
    console = terminal(width, color=color)
    with console.capture() as captured:
        write_line(console, f"Bundle: sha256 {told.sha256}", "bold")
        _part(console, "Members", told.members)
        _part(console, "Logs", told.inputs, "none were named, so none were compared")
        _part(console, "Cited lines", told.lines, None)
        _part(console, "Program and rules", told.tool, None)
        _part(console, "Made again", told.again, None)
        for note in told.notes:
            write_line(console, f"Note: {note}", "dim")
        write_line(console, _verdict(told), "bold")
    return printed(captured)


def as_json(told: Verification) -> str:
    """Return every thing that was compared."""
    return json_text(
        {
            "sha256": told.sha256,
            "same": not told.differs and not told.compared_nothing,
            "members": _listed(told.members),
            "inputs": _listed(told.inputs),
            "lines": _listed(told.lines),
            "tool": _listed(told.tool),
            "again": _listed(told.again),
            "notes": list(told.notes),
        }
    )


def _part(
    console: Console, title: str, compared: Sequence[Compared] | None, without: str | None = None
) -> None:
    if compared is None:
        if without is not None:
            write_line(console, f"{title}: {without}")
        return
    if not compared:
        return
    counts = Counter(one.state for one in compared)
    write_line(console, f"{title}: {', '.join(f'{counts[s]} {s}' for s in State if counts[s])}")
    told = [one for one in compared if one.state is not State.SAME or one.why is not None]
    for one in told[:SHOWN]:
        style = "dim" if one.state in ALIKE else "yellow"
        # never folded by us: a name and a hash are to be copied
        line = f"  {one.state:<12}  {one.name}{f': {one.why}' if one.why else ''}"
        console.print(Text(plain(line), style=style), soft_wrap=True)
    if len(told) > SHOWN:
        write_line(console, f"and {len(told) - SHOWN} more: see --format json", "dim", 2)


def _verdict(told: Verification) -> str:
    if any(one.state not in ALIKE for one in told.members):
        return "This is not the bundle as it was written."
    if any(one.state not in ALIKE for one in told.again or ()):
        return "The logs are the same, and a second analysis of them says something else."
    if told.compared_nothing:
        return "Nothing of the logs could be compared."
    if told.differs:
        return "The logs are not those that the bundle was made of."
    if told.inputs is None:
        return "The bundle is whole. Whether the logs are the same, their paths behind it will tell."
    return "All that was compared is as the bundle says."


def _listed(compared: Sequence[Compared] | None) -> list[dict[str, object]] | None:
    if compared is None:
        return None
    return [{"name": plain(c.name), "state": c.state.value, "why": c.why} for c in compared]
