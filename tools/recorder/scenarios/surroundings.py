"""Scenarios about what surrounds a conversation: voice servers, hooks, resumed sessions, compaction."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tools.recorder.scenarios.calls import edit, read, shell, spawn, todos, write
from tools.recorder.scenarios.model import Call, Intent, Output, Place, Run, Scenario, Script, Start, Turn
from tools.recorder.versions import order

DIES, MUTE_S, SLOW_HOOK_S = "dies", 30, 5
BESIDE = Path(__file__).parents[1]  # the folder of hook.py and fake_voicemode.py

# The default model's window became larger after 2.1.100. The API says that it is nearly full.
LARGE_WINDOW_AFTER = (2, 1, 100)
FORKS_FROM = (1, 0, 128)  # 1.0.90 knows no --fork-session
NEARLY_FULL, NEARLY_FULL_LARGE = 176_000, 985_000


def voice(_place: Place) -> Scenario:
    """Ask by voice twice; speech recognition fails both times."""
    prompt = "Ask me over voice what to do next."
    ask = Call("mcp__voicemode__converse", {"message": "What shall I do next?", "wait_for_response": True})
    turns = (
        Turn(text="Asking by voice.", calls=(ask,)),
        Turn(text="Trying once more.", calls=(ask,)),
        Turn(text="Voice is not available; tell me in text what to do next."),
    )
    server = {"type": "stdio", "command": sys.executable, "args": [str(BESIDE / "fake_voicemode.py")]}
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        servers={"voicemode": server},
        intent=Intent(voice_fails=True, expect={"CCF208": False}),
    )


def servers_lost(place: Place) -> Scenario:
    """Lose an MCP server in the middle of a call; two others never connect: one is not there, one is mute."""
    prompt = "Ask me over voice what to do next, then count the text files."
    ask = Call("mcp__voicemode__converse", {"message": "What shall I do next?", "wait_for_response": True})
    turns = (
        Turn(text="Asking by voice.", calls=(ask,)),
        Turn(text="Trying once more.", calls=(ask,)),
        Turn(text="The voice server is gone; I count.", calls=(shell("ls *.txt | wc -l", "Count"),)),
        Turn(text="There are none.", delay_s=0.5),
    )
    python = sys.executable
    servers = {
        "voicemode": {
            "type": "stdio",
            "command": python,
            "args": [str(BESIDE / "fake_voicemode.py"), DIES],
        },
        "tickets": {"type": "stdio", "command": str(place.project / "no-such-server"), "args": []},
        "calendar": {
            "type": "stdio",
            "command": python,
            "args": ["-c", f"import time; time.sleep({MUTE_S})"],
        },
    }
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        servers=servers,
        env={"MCP_TIMEOUT": "3000"},
        intent=Intent(voice_fails=True, expect={"CCF208": True}),
    )


def _hook(event: str, matcher: str | None = None) -> list[dict[str, Any]]:
    command = {"type": "command", "command": f"{sys.executable} {BESIDE / 'hook.py'} {event}"}
    return [{"hooks": [command]} if matcher is None else {"matcher": matcher, "hooks": [command]}]


def hooks(place: Place) -> Scenario:
    """Have hooks everywhere: one denies a command, one fails without stopping anything."""
    prompt, brief = (
        "Clean up the build folder and write a note about it.",
        "Check that note.md is there, and say so.",
    )
    turns = (
        Turn(calls=(shell("rm -rf build-of-the-demo", "Remove the build folder"),)),
        Turn(
            text="That was denied; I only write the note.",
            calls=(write(place.project / "note.md", "# Note\n"),),
        ),
        Turn(calls=(shell("echo ok", "Say ok"),)),
        Turn(calls=(spawn("Check the note", brief),)),
        Turn(text="The note is written."),
    )
    checker = (
        Turn(calls=(shell("ls note.md", "List the note"),), delay_s=0.3),
        Turn(text="It is there.", delay_s=0.3),
    )
    configured = {
        "PreToolUse": _hook("pre", "Bash"),
        "PostToolUse": _hook("post", "Write|Edit|Bash"),
        "UserPromptSubmit": _hook("prompt"),
        "Stop": _hook("stop"),
        "SubagentStop": _hook("subagent-stop"),
        "SessionStart": _hook("start"),
        "SessionEnd": _hook("end"),
    }
    return Scenario(
        scripts={"main": Script(prompt, turns), "checker": Script(brief, checker)},
        runs=(Run(prompt=prompt),),
        hooks=configured,
        intent=Intent(sequential_spawns=1, expect={"CCF407": False}),
    )


def hooks_failing(_place: Place) -> Scenario:
    """Have hooks that fail, time out, are not there or deny the same command, each of them again and again."""
    prompt = "Count the files three times, then remove the build folder."
    commands = ("ls | wc -l", "ls -a | wc -l", "ls -la | wc -l", *["rm -rf build-of-the-demo"] * 3)
    turns = (
        *[Turn(calls=(shell(command, "Do it"),)) for command in commands],
        Turn(text="Counted; the folder stays."),
    )
    sleeper = {"type": "command", "command": f"sleep {SLOW_HOOK_S}", "timeout": 1}
    missing = {"type": "command", "command": "no-such-linter --fix"}
    configured = {
        "PreToolUse": [*_hook("pre", "Bash"), {"matcher": "Bash", "hooks": [sleeper]}],
        "PostToolUse": [*_hook("broken", "Bash"), {"matcher": "Bash", "hooks": [missing]}],
    }
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        hooks=configured,
        intent=Intent(expect={"CCF407": True}),
    )


def turns_spent(_place: Place) -> Scenario:
    """Stop at the number of turns that the run was allowed."""
    prompt = "Count to five, one command at a time."
    turns = tuple(Turn(calls=(shell(f"echo {n}", "Count"),)) for n in range(1, 6))
    run = Run(prompt=prompt, output=Output.STREAM_JSON, options=("--max-turns", "2"))
    return Scenario(
        scripts={"main": Script(prompt, (*turns, Turn(text="Five.")))},
        runs=(run,),
        intent=Intent(finishes=False, expect={"CCF303": True}),
    )


def resume(place: Place) -> Scenario:
    """Leave an item in progress, continue the session, then fork it where the client can."""
    file, items = place.project / "CHANGELOG.md", ("First entry", "Second entry")
    first, second, third = (
        "Start the changelog of the demo.",
        "Continue: add the second entry.",
        "Fork: show the last entry.",
    )
    start = (
        Turn(calls=(todos(items, "ip"),)),
        Turn(calls=(write(file, "# Changelog\n- first\n"),)),
        Turn(text="The first entry is written."),
    )
    go_on = (
        Turn(calls=(read(file),)),
        Turn(calls=(edit(file, "- first\n", "- first\n- second\n"),)),
        Turn(text="The second entry is written."),
    )
    fork = (
        Turn(calls=(shell("tail -1 CHANGELOG.md", "Show the last entry"),)),
        Turn(text="There is nothing to add."),
    )
    runs = (Run(prompt=first), Run(prompt=second, start=Start.CONTINUE))
    return Scenario(
        scripts={"main": Script(first, start), "main2": Script(second, go_on), "main3": Script(third, fork)},
        runs=runs if order(place.version) < FORKS_FROM else (*runs, Run(prompt=third, start=Start.FORK)),
        intent=Intent(max_in_progress=1),
    )


def nearly_full(version: str) -> int:
    """Return how many tokens make a version's context nearly full."""
    return NEARLY_FULL_LARGE if order(version) > LARGE_WINDOW_AFTER else NEARLY_FULL


def compaction(place: Place) -> Scenario:
    """Fill the context until the client compacts by itself, then ask for it."""
    full = nearly_full(place.version)
    first, second, going_on = (
        "Count the lines of every text file here, slowly.",
        "And now say how many there were.",
        "The demo goes on after its summary.",
    )
    count = (
        Turn(calls=(shell("echo a > a.txt; wc -l a.txt", "Count"),)),
        Turn(calls=(shell("wc -l *.txt", "Count all"),), context_tokens=full),
        Turn(text="One line in one file.", context_tokens=full),
    )
    return Scenario(
        scripts={
            "main": Script(first, count),
            "main2": Script(second, (Turn(text="There was one file."),)),
            "main-compacted": Script(going_on, (Turn(text="One line in one file."),)),
        },
        runs=(
            Run(prompt=first),
            Run(prompt=second, start=Start.CONTINUE),
            Run(prompt="/compact", start=Start.CONTINUE),
        ),
        summary=f"<analysis>\nShort.\n</analysis>\n\n<summary>\n1. {going_on}\n</summary>",
        intent=Intent(compactions=2),
    )
