"""Scenarios in which the API fails: in the main agent, in a subagent, for a while or for good."""

from __future__ import annotations

from tools.recorder.scenarios.calls import shell, spawn
from tools.recorder.scenarios.model import Fault, Intent, Place, Run, Scenario, Script, Turn

TIMEOUT_S = 240.0  # retries are waited for longer and longer
RETRIES = "CLAUDE_CODE_MAX_RETRIES"


def api_errors(_place: Place) -> Scenario:
    """Recover from everything that can be tried again; end with a refused key."""
    prompt = "Summarise the README in one line."
    passing = (Fault(status=529), Fault(status=500), Fault(status=429, retry_after_s=1))
    show = shell("echo '# Demo' > README.md; cat README.md", "Make and show the readme")
    turns = (
        Turn(text="Reading it.", calls=(show,), faults=passing),
        Turn(
            text="Again.",
            calls=(shell("true", "Do nothing"),),
            faults=(Fault(drop=True), Fault(drop_midway=True)),
        ),
        Turn(text="Never delivered.", faults=(Fault(status=401, forever=True),)),
    )
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        env={RETRIES: "6"},
        intent=Intent(api_faults=("529", "500", "429", "drop", "401"), finishes=False),
        timeout_s=TIMEOUT_S,
    )


def api_hang(_place: Place) -> Scenario:
    """Answer later and later, and once not at all."""
    prompt = "Tell me the date, please."
    date = (shell("date -u", "Show the date"),)
    turns = (
        *[Turn(calls=date, delay_s=delay) for delay in (0.2, 1.0, 2.5)],
        Turn(text="It is late.", faults=(Fault(hang_s=8.0),), delay_s=0.2),
    )
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        env={"API_TIMEOUT_MS": "4000"},
        intent=Intent(api_faults=("hang",)),
        timeout_s=TIMEOUT_S,
    )


def overload(_place: Place) -> Scenario:
    """Be overloaded until the client gives up."""
    prompt = "Say hello, if you can."
    never = Turn(text="Never delivered.", faults=(Fault(status=529, forever=True),))
    return Scenario(
        scripts={"main": Script(prompt, (never,))},
        runs=(Run(prompt=prompt),),
        env={RETRIES: "4"},
        intent=Intent(api_faults=("529",), finishes=False),
        timeout_s=TIMEOUT_S,
    )


def slowing(_place: Place) -> Scenario:
    """Answer later and later over fourteen requests, and then be overloaded until the client gives up."""
    prompt = "Show me the date again and again, please."
    date = (shell("date -u", "Show the date"),)
    delays = (0.3, 0.25, 0.35, 0.3, 0.6, 0.5, 0.8, 0.9, 1.0, 1.3, 1.2, 1.6, 1.9, 2.2)
    turns = (
        *[Turn(calls=date, delay_s=delay) for delay in delays],
        Turn(text="Never delivered.", faults=(Fault(status=529, forever=True),)),
    )
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        env={RETRIES: "2"},
        intent=Intent(api_faults=("529",), finishes=False, expect={"CCF401": True}),
        timeout_s=TIMEOUT_S,
    )


def subagent_refused(_place: Place) -> Scenario:
    """Refuse the key of one of two subagents; the parent and the other one go on."""
    prompt = "Have one agent look up the release notes and one count the files."
    notes, count = "Look up the release notes of the demo project.", "Count the files of the demo project."
    turns = (
        Turn(calls=(spawn("Look up release notes", notes), spawn("Count files", count))),
        Turn(text="One agent failed; the other one counted the files."),
    )
    refused = (
        Turn(calls=(shell("ls", "List files"),), delay_s=0.4),
        Turn(text="Never delivered.", faults=(Fault(status=401, forever=True),)),
    )
    counted = (
        Turn(calls=(shell("ls | wc -l", "Count files"),), delay_s=0.6),
        Turn(text="There are 0 files.", delay_s=1.0),
    )
    return Scenario(
        scripts={
            "main": Script(prompt, turns),
            "notes": Script(notes, refused),
            "count": Script(count, counted),
        },
        runs=(Run(prompt=prompt),),
        env={RETRIES: "3"},
        intent=Intent(parallel_spawns=2, api_faults=("401",), finishes=False),
        timeout_s=TIMEOUT_S,
    )
