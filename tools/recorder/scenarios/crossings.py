"""Scenarios in which agents get in each other's way: too many at once, two of one brief, work out of order."""

from __future__ import annotations

from collections.abc import Mapping

from tools.recorder.scenarios.calls import edit, shell, spawn, todos, write
from tools.recorder.scenarios.model import Call, Fault, Intent, Place, Run, Scenario, Script, Turn
from tools.recorder.versions import order

RETRIES, AT_ONCE = "CLAUDE_CODE_MAX_RETRIES", "CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS"
TASKS_FROM = (2, 1, 220)  # with -p, 2.1.63 lacks the tools of the list of tasks
SHARED_FROM = (2, 1, 16)  # one list of tasks for all agents
LONG_S = 64.0  # lists that contradict each other for longer than a minute


def capacity(_place: Place) -> Scenario:
    """Start three agents where two may run, if the client has such a limit; one of them finds the API overloaded."""
    prompt = "Have three agents count the files, the folders and the links."
    briefs = {name: f"Count the {name} of the demo project." for name in ("files", "folders", "links")}
    calls = tuple(spawn(f"Count {name}", brief) for name, brief in briefs.items())
    turns = (Turn(calls=calls), Turn(text="Not all of them could be counted."))
    overloaded = Turn(text="Never delivered.", faults=(Fault(status=529, forever=True),), delay_s=0.4)
    counted = (
        Turn(calls=(shell("ls | wc -l", "Count"),), delay_s=3.0),
        Turn(text="There are none.", delay_s=8.0),
    )
    return Scenario(
        scripts={
            "main": Script(prompt, turns),
            "files": Script(briefs["files"], (overloaded,)),
            "folders": Script(briefs["folders"], counted),
            "links": Script(briefs["links"], counted),
        },
        runs=(Run(prompt=prompt),),
        env={RETRIES: "3", AT_ONCE: "2"},
        intent=Intent(
            parallel_spawns=2,
            sequential_spawns=1,
            api_faults=("529",),
            finishes=False,
            expect={"CCF107": True},
        ),
        timeout_s=240.0,
    )


def twins(place: Place) -> Scenario:
    """Give two agents one brief; their lists disagree. One of them edits a file that its own command has changed."""
    prompt = "Look for broken links, and check twice."
    brief = "heck every link of the demo shop and write down the broken ones, with the page of each"
    first, second = f"C{brief}.", f"Please c{brief}, briefly."
    report, item = place.project / "report.md", ("Check the links of the start page",)
    turns = (
        Turn(calls=(spawn("Check links", first), spawn("Check links again", second))),
        Turn(text="Both agents have looked."),
    )
    at_work = (
        Turn(calls=(todos(item, "i"),), delay_s=0.3),
        Turn(calls=(write(report, "# Report\nDate: none\n"),)),
        # in one message: before each request the client looks for files that changed, and reads them again
        Turn(
            calls=(
                shell("sleep 1; echo >> report.md", "Add an empty line"),
                edit(report, "Date: none", "Date: today"),
            )
        ),
        Turn(text="I found none.", delay_s=LONG_S + 1),
    )
    done = (
        Turn(calls=(todos(item, "c"),), delay_s=0.6),
        Turn(calls=(write(place.project / "links.md", "# Links\nNone is broken.\n"),)),
        Turn(text="All links work.", delay_s=LONG_S),
    )
    return Scenario(
        scripts={"main": Script(prompt, turns), "one": Script(first, at_work), "two": Script(second, done)},
        runs=(Run(prompt=prompt),),
        intent=Intent(parallel_spawns=2, expect={"CCF103": True, **_diverged(place.version)}),
        timeout_s=240.0,
    )


def _diverged(version: str) -> Mapping[str, bool]:
    """Expect lists that contradict each other where each agent has its own."""
    return {"CCF106": True} if order(version) < SHARED_FROM else {}


def order_broken(place: Place) -> Scenario:
    """Begin with a task that waits for another one. Clients without a list of tasks lack the tools."""
    prompt = "Build the shop and deploy it, each a task of its own."
    new = tuple(
        Call("TaskCreate", {"subject": name, "description": f"{name}.", "activeForm": f"Working on: {name}"})
        for name in ("Build the shop", "Deploy the shop", "Announce the shop")
    )
    links = (
        Call("TaskUpdate", {"taskId": "2", "addBlockedBy": ["1"]}),
        Call("TaskUpdate", {"taskId": "2", "addBlocks": ["3"]}),
    )
    turns = (
        Turn(text="Three tasks.", calls=new),
        Turn(text="Each waits for the one before.", calls=links),
        Turn(calls=(Call("TaskUpdate", {"taskId": "2", "status": "in_progress"}),)),
        Turn(calls=(shell("true", "Deploy"),)),
        Turn(calls=(Call("TaskUpdate", {"taskId": "2", "status": "completed"}),)),
        Turn(calls=(Call("TaskUpdate", {"taskId": "3", "status": "in_progress"}),)),
        Turn(calls=(Call("TaskUpdate", {"taskId": "3", "status": "completed"}),)),
        Turn(text="The shop is deployed; it was not built."),
    )
    expected = {"CCF103": True} if order(place.version) >= TASKS_FROM else {}
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        intent=Intent(max_in_progress=1, expect=expected),
    )
