"""Scenarios of what nobody watched over: work without a plan or a checkpoint, silences, secrets, torn records."""

from __future__ import annotations

from signal import Signals

from tools.recorder.scenarios.calls import read, shell, spawn, write
from tools.recorder.scenarios.failures import LIMIT_REACHED
from tools.recorder.scenarios.model import Fault, Intent, Kill, Place, Run, Scenario, Script, Turn

LONG_S = 310.0  # longer than the silence and the age of a checkpoint that are told
WAIT = "python3 -c 'import time; time.sleep(60)'"
# shaped like a token, and issued by nobody; in two parts, so that it stands in logs alone
TOKEN = "ghp_" + "nNI8oFwrVsWbT5VmwBArojESmbTkEqntK0JK"
CUT_AT = 30_000  # bytes of a log after which none is written any more


def unplanned(place: Place) -> Scenario:
    """Have two agents write at once, with no plan before."""
    prompt = "Have one agent write the price list and one the opening hours."
    briefs = {"prices": "Write prices.md with the prices.", "hours": "Write hours.md with the opening hours."}
    calls = tuple(spawn(f"Write the {name}", brief) for name, brief in briefs.items())
    scripts = {
        name: Script(
            brief,
            (
                Turn(calls=(write(place.project / f"{name}.md", f"# {name}\n"),), delay_s=0.5),
                Turn(text="It is written.", delay_s=2.0),
            ),
        )
        for name, brief in briefs.items()
    }
    main = Script(prompt, (Turn(calls=calls), Turn(text="Both are written.")))
    return Scenario(
        scripts={"main": main, **scripts},
        runs=(Run(prompt=prompt),),
        intent=Intent(parallel_spawns=2, expect={"CCF301": True}),
    )


def silence(place: Place) -> Scenario:
    """Write a file, wait for the API for more than five minutes, and be killed in the next command."""
    prompt = "Write down the stock of the shop, then check it."
    turns = (
        Turn(calls=(write(place.project / "stock.md", "# Stock\n- tea: 3\n"),)),
        Turn(calls=(shell(f"{WAIT}; cat stock.md", "Check the stock"),), delay_s=LONG_S),
    )
    kill = Kill(signal=Signals.SIGKILL, call=WAIT, after_s=1.0)
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt, kill=kill),),
        intent=Intent(finishes=False, expect={"CCF304": True, "CCF405": True, "CCF406": True}),
        timeout_s=LONG_S + 60,
    )


def secret(_place: Place) -> Scenario:
    """Put a token into a command."""
    prompt = "Log in to the code host with the token that I keep at hand."
    login = f"echo {TOKEN} > token.txt; wc -c token.txt"
    turns = (Turn(calls=(shell(login, "Keep the token"),)), Turn(text="The token is kept."))
    return Scenario(
        scripts={"main": Script(prompt, turns)},
        runs=(Run(prompt=prompt),),
        intent=Intent(expect={"CCF410": True}),
    )


def torn(place: Place) -> Scenario:
    """Let no log grow beyond a size: the record that reaches it is torn."""
    prompt = "Read the price list again and again."
    file = place.project / "prices.md"
    text = "".join(f"- item {n}: {n}\n" for n in range(60))
    again = [Turn(calls=(read(file), shell(f"echo {n}", "Say"))) for n in range(40)]
    turns = (Turn(calls=(write(file, text),)), *again)
    return Scenario(
        scripts={"main": Script(prompt, (*turns, Turn(text="I have read it.")))},
        runs=(Run(prompt=prompt),),
        file_limit=CUT_AT,
        intent=Intent(finishes=False, expect={"CCF409": True}),
    )


def agent_fails_twice(_place: Place) -> Scenario:
    """Kill the client while its agent, unanswered at first, finds the API overloaded: one failure after another."""
    prompt, brief = "Have an agent count the files.", "Count the files of the demo project."
    failing = Turn(text="Never delivered.", faults=(Fault(hang_s=6.0), Fault(status=529, forever=True)))
    counter = (Turn(calls=(shell("ls", "List files"),), delay_s=0.3), failing)
    main = (Turn(calls=(spawn("Count files", brief),)), Turn(text="Counted."))
    kill = Kill(signal=Signals.SIGKILL, agents=1, answers_each=1, after_s=9.0)
    return Scenario(
        scripts={"main": Script(prompt, main), "counter": Script(brief, counter)},
        runs=(Run(prompt=prompt, kill=kill),),
        env={"API_TIMEOUT_MS": "2500", "CLAUDE_CODE_MAX_RETRIES": "9"},
        intent=Intent(
            sequential_spawns=1, api_faults=("hang", "529"), finishes=False, expect={"CCF902": True}
        ),
    )


def limit_with_agent(_place: Place) -> Scenario:
    """Reach the usage limit while an agent is out."""
    prompt, brief = "Have an agent count the links.", "Count the links of the demo project."
    refused = Turn(text="Never delivered.", faults=(Fault(status=429, words=LIMIT_REACHED, forever=True),))
    counter = (Turn(calls=(shell("ls", "List files"),), delay_s=0.3), refused)
    main = (Turn(calls=(spawn("Count links", brief),)), refused)
    return Scenario(
        scripts={"main": Script(prompt, main), "counter": Script(brief, counter)},
        runs=(Run(prompt=prompt),),
        env={"CLAUDE_CODE_MAX_RETRIES": "1"},
        intent=Intent(sequential_spawns=1, api_faults=("429",), finishes=False),
    )
