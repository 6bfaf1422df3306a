"""Scenarios about work that is open: when the client is killed inside a call, and when its context is compacted."""

from __future__ import annotations

from signal import Signals

from tools.recorder.scenarios.calls import edit, read, shell, todos, write
from tools.recorder.scenarios.model import Intent, Kill, Place, Run, Scenario, Script, Start, Turn
from tools.recorder.scenarios.surroundings import nearly_full

WAIT = "python3 -c 'import time; time.sleep(60)'"  # 2.1.330 refuses a command that begins with a long sleep
PLAN = ("Write the price list", "Round the prices", "Check the sums")


def killed_in_call(place: Place) -> Scenario:
    """Kill the client while the main agent's command runs; one item is in progress, the last edit was refused."""
    file, prompt = place.project / "prices.py", "Write the price list of the demo, and check its sums."
    turns = (
        Turn(text="The plan comes first.", calls=(todos(PLAN, "ipp"),)),
        Turn(calls=(write(file, "PRICES = {'tea': 3.14, 'cake': 2.72}\n"),)),
        Turn(calls=(todos(PLAN, "cip"),)),
        Turn(calls=(edit(file, "'coffee': 1.41", "'coffee': 1.4"),)),
        Turn(text="Now the sums.", calls=(read(file), shell(f"{WAIT}; cat prices.py", "Check the sums"))),
        Turn(text="The sums are right."),
    )
    kill = Kill(signal=Signals.SIGKILL, call=WAIT, after_s=1.0)  # the command needs a moment to begin
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt, kill=kill),),
        intent=Intent(max_in_progress=1, finishes=False, expect={"CCF305": True, "CCF405": True}),
    )


def compacted_at_work(place: Place) -> Scenario:
    """Compact while an item is in progress: it is taken up again after the first summary, not after the second."""
    full, items = nearly_full(place.version), ("Count the files", "Count the lines")
    first, going_on, second = (
        "Count the files and the lines of the demo, slowly.",
        "The demo goes on after its summary.",
        "Now list the files.",
    )
    count = (
        Turn(calls=(todos(items, "ip"),)),
        Turn(calls=(shell("echo a > a.txt; ls | wc -l", "Count files"),)),
        Turn(calls=(shell("ls | wc -l", "Count again"),), context_tokens=full),
        Turn(text="One file.", context_tokens=full),
    )
    go_on = (Turn(calls=(todos(items, "ci"),)), Turn(text="The lines come next."))
    another = (Turn(calls=(shell("ls", "List files"),)), Turn(text="a.txt is there."))
    return Scenario(
        scripts={
            "main": Script(first, count),
            "main-compacted": Script(going_on, go_on),
            "main2": Script(second, another),
        },
        runs=(
            Run(prompt=first),
            Run(prompt="/compact", start=Start.CONTINUE),
            Run(prompt=second, start=Start.CONTINUE),
        ),
        summary=f"<analysis>\nShort.\n</analysis>\n\n<summary>\n1. {going_on}\n</summary>",
        intent=Intent(max_in_progress=1, compactions=2, expect={"CCF307": True}),
    )
