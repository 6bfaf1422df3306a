"""Short scenarios of one failure each: the API says no in one way, a budget is spent, a call is denied."""

from __future__ import annotations

from collections.abc import Mapping

from tools.recorder.scenarios.calls import shell, spawn, write
from tools.recorder.scenarios.model import (
    Call,
    Fault,
    Intent,
    Maker,
    Output,
    Place,
    Run,
    Scenario,
    Script,
    Turn,
)

ONE_RETRY: Mapping[str, str] = {"CLAUDE_CODE_MAX_RETRIES": "1"}
TIMEOUT_MS = "2500"
TOO_LONG = "prompt is too long: 214310 tokens > 200000 maximum"
NO_CREDIT = (
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
)
LIMIT_REACHED = "Claude AI usage limit reached|1796140800"
TOO_LARGE = "Request exceeds the maximum size"


def _fails(fault: Fault, name: str, expect: Mapping[str, bool] | None = None, **env: str) -> Maker:
    """Answer one turn, and fail in one way for ever."""

    def make(_place: Place) -> Scenario:
        prompt = "Show me the name of this folder, then explain it."
        turns = (
            Turn(text="I look.", calls=(shell("basename $PWD", "Show the name"),)),
            Turn(text="Never delivered.", faults=(fault,)),
        )
        return Scenario(
            scripts={"main": Script(prompt, turns)},
            runs=(Run(prompt=prompt),),
            env={**ONE_RETRY, **env},
            intent=Intent(api_faults=(name,), finishes=False, expect=expect or {}),
        )

    return make


def _status(status: int, words: str = "", *shown: str) -> Maker:
    """Answer with a status for ever; ``shown`` are the rules that must find it."""
    return _fails(Fault(status=status, words=words, forever=True), str(status), dict.fromkeys(shown, True))


refused, limited, broken, overloaded = _status(401), _status(429), _status(500), _status(529)
too_long, no_credit = _status(400, TOO_LONG), _status(400, NO_CREDIT, "CCF214")
usage_limit, too_large = _status(429, LIMIT_REACHED, "CCF214"), _status(413, TOO_LARGE, "CCF215")
reset = _fails(Fault(drop=True, forever=True), "drop")
silent = _fails(Fault(hang_s=6.0, forever=True), "hang", API_TIMEOUT_MS=TIMEOUT_MS)


def budget_spent(_place: Place) -> Scenario:
    """Stop where the run has cost what it may."""
    prompt = "Count to three, one command at a time."
    turns = tuple(Turn(calls=(shell(f"echo {n}", "Count"),)) for n in range(1, 4))
    return Scenario(
        scripts={"main": Script(prompt, (*turns, Turn(text="Three.")))},
        runs=(Run(prompt=prompt, output=Output.STREAM_JSON, options=("--max-budget-usd", "0.0001")),),
        intent=Intent(finishes=False, expect={"CCF303": True}),
    )


def denied(_place: Place) -> Scenario:
    """Ask for a page, which nobody allowed; go on without it."""
    prompt = "Read the news page of the demo shop and sum it up."
    page = Call("WebFetch", {"url": "http://shop.example/news", "prompt": "Sum it up"})
    turns = (Turn(text="I fetch it.", calls=(page,)), Turn(text="I may not fetch the page."))
    return Scenario(scripts={"main": Script(prompt, turns)}, runs=(Run(prompt=prompt),))


def nested(place: Place) -> Scenario:
    """Have an agent that has an agent; both finish."""
    prompt, outer, inner = (
        "Have an agent write the price list.",
        "Write the price list of the demo shop; let another agent look up the prices.",
        "Look up the prices of the demo shop.",
    )
    main = (Turn(calls=(spawn("Write the price list", outer),)), Turn(text="The list is written."))
    writer = (
        Turn(calls=(spawn("Look up prices", inner),), delay_s=0.2),
        Turn(calls=(write(place.project / "prices.md", "# Prices\n- tea: 3\n"),)),
        Turn(text="prices.md is written."),
    )
    reader = (Turn(calls=(shell("ls", "List files"),), delay_s=0.3), Turn(text="Tea costs 3."))
    return Scenario(
        scripts={
            "main": Script(prompt, main),
            "writer": Script(outer, writer),
            "reader": Script(inner, reader),
        },
        runs=(Run(prompt=prompt),),
        intent=Intent(sequential_spawns=2),
    )
