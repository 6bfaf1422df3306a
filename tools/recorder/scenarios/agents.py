"""Scenarios about todos and subagents: in order, in parallel, in the background, and killed at work."""

from __future__ import annotations

from signal import Signals

from tools.recorder.scenarios.calls import edit, read, shell, spawn, todos, write
from tools.recorder.scenarios.model import Intent, Kill, Maker, Place, Run, Scenario, Script, Turn

GREETING = ("Write greet.py", "Make the greeting configurable", "Run the module")

LAUNCH = "Get the demo shop ready: server, research, keys, privacy policy. Move fast."
PLAN = (
    "Build the server of the demo shop",
    "Read up on payment providers",
    "Find the key of the map service",
    "Write the privacy policy",
    "Look for server patterns",
)
NOTES = "shared_notes.md"
BUILDER = ("Build the shop server", f"Build the server of the demo shop. Put your notes into {NOTES}.")
PATTERNS = (
    "Collect server patterns",
    f"Collect server patterns for the demo shop. Put your notes into {NOTES}.",
)
PRIVACY = ("Write the privacy policy", "Write the privacy policy of the demo shop into PRIVACY.md.")

ESSAY = ("Draft the outline", "Write the body", "Review the text")


def clean(place: Place) -> Scenario:
    """Work through a plan, one item after the other."""
    file, prompt = place.project / "greet.py", "Please add a small greeting module and check that it runs."
    program = "def greet(name):\n    return 'Hello, ' + name\n\n\nprint(greet('world'))\n"
    turns = (
        Turn(text="I plan this first.", calls=(todos(GREETING, "ipp"),)),
        Turn(text="Writing the module.", calls=(write(file, program),)),
        Turn(calls=(todos(GREETING, "cip"),)),
        Turn(calls=(edit(file, "'Hello, ' + name", "f'Hello, {name}!'"),)),
        Turn(calls=(todos(GREETING, "cci"),)),
        Turn(text="Now I run it.", calls=(shell("python3 greet.py", "Run the greeting module"),)),
        Turn(calls=(todos(GREETING, "ccc"),)),
        Turn(text="greet.py prints the greeting."),
    )
    return Scenario(
        scripts={"main": Script(prompt, turns)}, runs=(Run(prompt=prompt),), intent=Intent(max_in_progress=1)
    )


def _launcher(*, background: bool) -> Script:
    agents = tuple(spawn(*agent, background=background) for agent in (BUILDER, PATTERNS, PRIVACY))
    first = Turn(text="Starting everything at once.", calls=(todos(PLAN, "iiiii"),))
    if background:
        waits = (Turn(text="The agents run; I wait for them."), *[Turn(text="Noted.")] * 3)
        return Script(LAUNCH, (first, Turn(text="Launching agents in the background.", calls=agents), *waits))
    launch = Turn(text="Launching agents.", calls=agents)
    after = Turn(calls=(todos(PLAN, "ciicc"),), delay_s=0.2)
    last = Turn(text="All agents have reported back. The server, the notes and the policy are in place.")
    return Script(LAUNCH, (first, launch, after, last))


def _workers(place: Place, slow: float = 1.0, wait_s: float = 0.0) -> dict[str, Script]:
    """Return three agents, two of which write one file; ``wait_s`` keeps their last answers back."""
    notes, here = place.project / NOTES, place.project
    builder = (
        Turn(calls=(write(notes, "# Notes\n- builder: server.py holds the server\n"),), delay_s=0.3 * slow),
        Turn(calls=(write(here / "server.py", "print('server')\n"),), delay_s=1.2 * slow),
        Turn(calls=(todos((BUILDER[0],), "i"),), delay_s=0.3 * slow),
        Turn(calls=(edit(notes, "- builder: server.py", "- builder (2): server.py"),), delay_s=3.0 * slow),
        Turn(text="The server is in server.py.", delay_s=0.8 * slow + wait_s),
    )
    patterns = (
        Turn(calls=(shell("sleep 1; ls", "List files"),), delay_s=0.5 * slow),
        Turn(calls=(read(notes),), delay_s=0.6 * slow),
        Turn(calls=(edit(notes, "# Notes\n", "# Notes\n- patterns: use pipes\n"),), delay_s=0.8 * slow),
        Turn(calls=(write(here / "skeleton.py", "print('skeleton')\n"),), delay_s=0.8 * slow),
        Turn(text="The skeleton is written, the notes are extended.", delay_s=1.2 * slow + wait_s),
    )
    privacy = (
        Turn(calls=(write(here / "PRIVACY.md", "# Privacy\nNothing is kept.\n"),), delay_s=0.4 * slow),
        Turn(calls=(shell("wc -l PRIVACY.md", "Count lines"),), delay_s=1.0 * slow),
        Turn(text="The policy is written.", delay_s=1.5 * slow + wait_s),
    )
    return {
        "builder": Script(BUILDER[1], builder),
        "patterns": Script(PATTERNS[1], patterns),
        "privacy": Script(PRIVACY[1], privacy),
    }


def _parallel(*, background: bool) -> Maker:
    def make(place: Place) -> Scenario:
        return Scenario(
            scripts={"main": _launcher(background=background), **_workers(place)},
            runs=(Run(prompt=LAUNCH),),
            intent=Intent(parallel_spawns=3, max_in_progress=5, same_file=(NOTES,)),
        )

    return make


def _killed(signal: Signals, *, background: bool = False) -> Maker:
    """Send a signal while all three agents work, none of which would end by itself for a minute."""

    def make(place: Place) -> Scenario:
        kill = Kill(signal=signal, agents=3, answers_each=2, after_s=0.5)
        return Scenario(
            scripts={"main": _launcher(background=background), **_workers(place, slow=2.0, wait_s=60.0)},
            runs=(Run(prompt=LAUNCH, kill=kill),),
            intent=Intent(parallel_spawns=3, max_in_progress=5, finishes=False),
        )

    return make


def sequential(place: Place) -> Scenario:
    """Give each part to an agent, one after the other."""
    prompt = "Work through the three parts one after the other, each with its own agent, and plan first."
    briefs = {
        "outline": "Write the outline of the essay into outline.md.",
        "body": "Write the body of the essay into body.md.",
        "review": "Review the finished essay and write review.md.",
    }
    scripts, turns = {}, [Turn(text="The plan comes first.", calls=(todos(ESSAY, "ipp"),))]
    for item, (name, brief), states in zip(ESSAY, briefs.items(), ("cip", "cci", "ccc"), strict=True):
        turns += [Turn(calls=(spawn(item, brief),)), Turn(calls=(todos(ESSAY, states),))]
        page = write(place.project / f"{name}.md", f"# {item}\n")
        done = Turn(text=f"{name}.md is written.", delay_s=0.6)
        scripts[name] = Script(brief, (Turn(calls=(page,), delay_s=0.5), done))
    main = Script(prompt, (*turns, Turn(text="All three parts are done.")))
    return Scenario(
        scripts={"main": main, **scripts},
        runs=(Run(prompt=prompt),),
        intent=Intent(sequential_spawns=3, max_in_progress=1),
    )


parallel, background = _parallel(background=False), _parallel(background=True)
crash, background_crash = _killed(Signals.SIGKILL), _killed(Signals.SIGKILL, background=True)
terminated, interrupted = _killed(Signals.SIGTERM), _killed(Signals.SIGINT)


def stuck(place: Place) -> Scenario:  # noqa: ARG001 - it names no file
    """Make one failing call again and again, with other calls in between and no change."""
    prompt = "Please run the check of the demo shop."
    tries = tuple(
        Turn(calls=(shell("python3 check.py", f"Run the check, attempt {n}"),)) for n in range(1, 7)
    )
    look = Turn(text="Let me look around.", calls=(shell("ls", "List the files"),))
    turns = (*tries[:3], look, *tries[3:], Turn(text="The check is not there."))
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        intent=Intent(expect={"CCF408": True}),
    )
