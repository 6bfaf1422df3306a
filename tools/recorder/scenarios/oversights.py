"""Scenarios of what nobody watched over: work without a plan or a checkpoint, silences, secrets, torn records."""

from __future__ import annotations

from signal import Signals

from tools.recorder.scenarios.calls import shell, spawn, todos, write
from tools.recorder.scenarios.failures import LIMIT_REACHED
from tools.recorder.scenarios.model import Fault, Intent, Kill, Place, Run, Scenario, Script, Turn

LONG_S = 345.0  # longer than what is told of: a silence, the age of a checkpoint; the client says once that it waits
WAIT = "python3 -c 'import time; time.sleep(60)'"
# shaped like a token, and issued by nobody; in two parts, so that it stands in logs alone
TOKEN = "ghp_" + "nNI8oFwrVsWbT5VmwBArojESmbTkEqntK0JK"
CUT_AT = 60_000  # bytes of a log after which none is written any more
LINES, TIMES = 600, 40  # of output, and how often: more than that


def unplanned(place: Place) -> Scenario:
    """Have two agents write at once, with no plan before; a list is made when they are done."""
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
    after = Turn(calls=(todos(("Read both pages once more",), "c"),))
    main = Script(prompt, (Turn(calls=calls), after, Turn(text="Both are written.")))
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


def torn(_place: Place) -> Scenario:
    """Let no log grow beyond a size, as on a full disk: the record that reaches it is torn, and the client ends."""
    prompt = "Show me the long list again and again."
    show = f"seq {LINES} | sed 's/$/ cups of tea/'"
    turns = tuple(Turn(calls=(shell(f"{show}; echo {n}", "Show the list"),)) for n in range(TIMES))
    return Scenario(
        scripts={"main": Script(prompt, (*turns, Turn(text="That was it.")))},
        runs=(Run(prompt=prompt),),
        file_limit=CUT_AT,
        intent=Intent(finishes=False, expect={"CCF409": True}),
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
        intent=Intent(sequential_spawns=1, api_faults=("429",), finishes=False, expect={"CCF214": True}),
    )
