"""What a recording's truth says of each rule: it must find something, or must not. What it leaves open is left out.

The truth of a client's recording is what the scripted API was asked and how the process ended; that of a voice server's
is what the scripted speech servers were sent and what its calls returned. Nothing here comes from the logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from tools.recorder.versions import order

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT")
SPAWN_TOOLS = ("Task", "Agent")
TASKS_FROM = (2, 1, 16)  # TaskCreate and TaskUpdate, whose prompt has no rule on items in progress
AT_ONCE_FROM = (2, 0, 46)  # an agent's records are written as they come, not when it returns
# later clients answer an agent that the user interrupts: it was stopped, and is not missing
SPENT = ("l8_no_credit", "l9_usage_limit")  # scenarios in which the account's allowance is used up
ANSWERS_INTERRUPTED_AFTER = (2, 1, 1)
# SIGTERM too: 2.1.220 marks such an interrupt as the shutdown's; 2.1.63 and 2.1.330 leave none
ANSWERS_AT_SHUTDOWN = ((2, 1, 220),)
# answered at once: a process that dies may have the answer on record before the API is sent it, or not the call yet
QUICK_TOOLS = ("Read", "Write", "Edit", "TodoWrite", "TaskCreate", "TaskUpdate", "ToolSearch")
REFUSED_WRITE = "modified since read"
FAILED_VOICE = re.compile(
    r"STT service connection failed|STT request rejected|Error: Could not speak|✗ Failed to speak"
)
CREDENTIAL = ("bad_key", "key_unset", "seed_chain", "debug_seed", "tts_fail")
LONG_HOLD_S = 25  # a request that was held so long was given up by the client
PROBED_UP_TO = "6.0.1"  # its probe of LiveKit leaves one client open for each call

Truth = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One recording of the client, in the words that the expectations use."""

    truth: Truth
    scenario: str

    @property
    def labels(self) -> Truth:
        """Return what was counted by the scripted API."""
        labels: Truth = self.truth["labels"]
        return labels

    @property
    def version(self) -> tuple[int, ...]:
        """Return the client's version, to compare."""
        return order(self.truth["version"])

    @property
    def was_stopped(self) -> bool:
        """Say whether a signal ended it."""
        return any(how.startswith(SIGNALS) for how in self.labels["ended_by"])

    @property
    def agents_at_work(self) -> bool:
        """Say whether spawned agents reached the API: with -p, 2.0.69 aborts background agents at once.

        Of agents that were spawned together, only those tell of parallel work that the API saw at one time: of the
        others it is not known whether the client had begun with them.
        """
        together = min(2, self.labels["largest_spawn_group"])
        return self.labels["max_simultaneous_subagents"] >= together or not self.labels["spawns_total"]

    @property
    def voice(self) -> str:
        """Say which voice server was beside it: none, a scripted one, one whose speech fails, or the genuine one."""
        scripted = self.truth["scripted"]
        if self.scenario.startswith("f2"):
            return "genuine"
        failing = scripted.get("voice_fails") or scripted.get("stt_chain_exhausted")
        return "scripted" if failing or self.scenario.startswith("f_") else "none"

    @property
    def unanswered(self) -> list[tuple[str, str]] | None:
        """Return agent and tool of the calls whose answer never came back, where the truth lists calls."""
        if "unanswered_calls" in self.labels:
            return [(c["agent"], c["tool"]) for c in self.labels["unanswered_calls"]]
        seen = self.truth.get("observed_by_mock")
        calls = seen["tool_calls"] if seen is not None else None
        return calls and [(c["agent"], c["name"]) for c in calls if not c["delivered_result"]]

    @property
    def items_left(self) -> bool | None:
        """Say whether an agent's last list had an item in progress."""
        if "in_progress_at_end" in self.labels:
            return bool(self.labels["in_progress_at_end"])
        seen = self.truth.get("observed_by_mock")
        return seen and any({call["agent"]: call["in_progress"] for call in seen["todo_calls"]}.values())


def of_client(truth: Truth, scenario: str) -> dict[str, bool]:
    """Return what must and must not be found in a recording of the client."""
    run = Run(truth, scenario)
    told = {code: decide(run) for code, decide in CLIENT.items()}
    scripted: dict[str, bool] = truth["scripted"].get("expect", {})
    return {code: must for code, must in told.items() if must is not None} | scripted


def _never(run: Run) -> bool:  # noqa: ARG001 - no scenario does it
    return False


def _never_unless_killed(run: Run) -> bool | None:
    return None if run.was_stopped else False


def _damaged(run: Run) -> bool | None:
    """Leave open whether a record was torn where the process was killed, or its disk was full."""
    return None if run.was_stopped or run.scenario.endswith("disk_full") else False


def _faults(run: Run) -> Mapping[str, int]:
    faults: Mapping[str, int] = run.labels["api_faults"]
    return faults


def _orphaned(run: Run) -> bool | None:
    interrupted = any(how.startswith("SIGINT") for how in run.labels["ended_by"])
    answered = interrupted and run.version > ANSWERS_INTERRUPTED_AFTER
    terminated = any(how.startswith("SIGTERM") for how in run.labels["ended_by"])
    answered = answered or (terminated and run.version in ANSWERS_AT_SHUTDOWN)
    if _faults(run) or not run.agents_at_work or answered:
        return None
    return bool(run.labels.get("orphaned_subagents", run.labels["unfinished_subagents"]))


def _retries(run: Run) -> bool | None:
    faults = _faults(run)
    return (True if set(faults) == {"529"} else None) if faults else False


def _too_large(run: Run) -> bool | None:
    """Ask for a request that was refused as too large; of a prompt that is too long some clients cure themselves."""
    return None if run.scenario == "l7_too_long" else run.scenario in ("l10_too_large", "n24_max_tokens")


def _voice(run: Run) -> bool | None:
    return {"none": False, "genuine": True}.get(run.voice)


def _speech_fails(run: Run) -> bool:
    return run.voice != "none"


def _unclosed(run: Run) -> bool | None:
    # the genuine server's own lines are in the client's logs up to 2.0.69
    return {"none": False, "genuine": True if run.version < (2, 0, 70) else None}.get(run.voice)


def _timeouts(run: Run) -> bool | None:
    return False if not _faults(run) and run.voice == "none" else None


def _unplanned(run: Run) -> bool | None:
    return None if run.labels["parallel_spawn"] else False


def _list_taken(run: Run) -> bool | None:
    return (
        None
        if run.version >= TASKS_FROM and run.labels["multiple_in_progress"]
        else run.labels["multiple_in_progress"]
    )


def _left_open(run: Run) -> bool | None:
    left = run.items_left
    # an agent whose request the API refused has returned: with the error, which is its parent's to judge
    out = run.labels["unfinished_subagents"] and not _faults(run)
    return True if left or (left is not None and out) else None


def _unanswered(run: Run) -> bool | None:
    if run.unanswered is None:
        return None
    left = [agent for agent, tool in run.unanswered if tool not in SPAWN_TOOLS]
    if left and not run.was_stopped:
        return None  # with its turns spent the client runs a call, and the API is sent no answer
    if left and all(tool in (*SPAWN_TOOLS, *QUICK_TOOLS) for _, tool in run.unanswered):
        return None
    if left:
        told = run.version >= AT_ONCE_FROM or "main" in left
        return True if told else None
    return _never_unless_killed(run)


def _twice_or_too_early(run: Run) -> bool | None:
    """Two scenarios do it: one gives two agents one brief, one begins a task before what it waits for."""
    if run.scenario == "j3_order":
        return True if run.labels["max_in_progress"] else None  # a client without the tools began none
    return True if run.scenario == "j2_twins" else _shared(run)


def _slowing(run: Run) -> bool | None:
    if run.scenario == "d5_slowing":
        return True
    return False if run.voice == "none" else None


def _untraceable(run: Run) -> bool | None:
    """Older clients write what an agent did when it returns: of one that was killed nothing is left."""
    died = "SIGKILL" in run.labels["ended_by"] and bool(run.labels["unfinished_subagents"])
    if died and run.version < AT_ONCE_FROM:
        return True
    return None if run.labels["spawns_total"] else False


def _shared(run: Run) -> bool | None:
    return None if run.labels["spawns_total"] else False


def _abnormal(run: Run) -> bool | None:
    if run.was_stopped:
        return True
    if run.truth["scripted"].get("expect", {}).get("CCF303"):
        return None  # a budget that ended the run: with an exit code of 0 up to 2.1.19, of 1 later
    # an end without a mark of its own is found as UNKNOWN: a transcript that simply stops
    return False if not any(run.labels["exit_codes"]) and not _faults(run) else None


def _chain(run: Run) -> bool | None:
    """Ask for a chain where a write was refused of a file that two agents wrote."""
    refused = {PurePath(w["path"]).name for w in run.labels["failed_writes"] if REFUSED_WRITE in w["why"]}
    if refused.intersection(run.labels["same_file_written_by"]):
        return True
    return (
        None
        if run.was_stopped or _faults(run) or run.voice != "none" or run.labels["parallel_spawn"]
        else False
    )


def _died_before_resume(run: Run) -> bool | None:
    """Ask for a run that SIGKILL ended before another one; other signals let some versions end in order."""
    lives = run.truth.get("runs", ())
    if len(lives) > 1 and any("session_id" not in life for life in lives):
        return None
    sessions = [life.get("session_id") for life in lives]
    earlier = [life["how"] for n, life in enumerate(lives) if sessions[n] in sessions[n + 1 :]]
    if any(how.startswith("SIGKILL") for how in earlier):
        return True
    return None if any(how.startswith(SIGNALS) for how in earlier) else False


CLIENT: Mapping[str, Callable[[Run], bool | None]] = {
    "CCF101": lambda run: run.labels["parallel_spawn"] if run.agents_at_work else None,
    "CCF102": lambda run: run.labels["multiple_in_progress"],
    "CCF103": _twice_or_too_early,
    "CCF104": lambda run: bool(run.labels["same_file_written_by"]),
    "CCF105": lambda run: any(REFUSED_WRITE in write["why"] for write in run.labels["failed_writes"]),
    "CCF106": _shared,
    "CCF107": lambda run: None if _faults(run) and run.labels["spawns_total"] else False,
    "CCF201": _speech_fails,
    "CCF202": _voice,
    "CCF203": _unclosed,
    "CCF204": _timeouts,
    "CCF205": lambda run: False if run.voice == "none" else None,
    "CCF206": _retries,
    "CCF207": lambda run: "401" in _faults(run),
    "CCF208": lambda run: False if run.voice == "none" else None,
    "CCF209": _voice,
    "CCF210": _never,
    "CCF211": _never,
    "CCF212": _never,
    "CCF213": _never,
    "CCF214": lambda run: run.scenario in SPENT,
    "CCF215": _too_large,
    "CCF301": _unplanned,
    "CCF302": _list_taken,
    "CCF303": _never,
    "CCF304": _never,  # no recording is longer than the age of a checkpoint that is reported
    "CCF305": _left_open,
    "CCF307": lambda run: False if not run.labels["compactions"] or not run.labels["max_in_progress"] else None,
    "CCF401": _slowing,
    "CCF402": lambda run: False if run.voice == "none" else None,
    "CCF403": _orphaned,
    "CCF404": _untraceable,
    "CCF405": _unanswered,
    "CCF406": _never,
    "CCF407": _never,  # a hook that denies or fails once is no finding
    "CCF408": lambda run: run.scenario == "a2_stuck",
    "CCF409": _damaged,
    "CCF410": _never,
    "CCF411": _never,
    "CCF901": _abnormal,
    "CCF902": _chain,
    "CCF903": _died_before_resume,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """One recording of the voice server, in the words that the expectations use."""

    truth: Truth
    scenario: str

    @property
    def version(self) -> str:
        """Return the server's version."""
        version: str = self.truth["voicemode_version"]
        return version

    @property
    def texts(self) -> list[str]:
        """Return what the calls returned."""
        return [str(call.get("result_text") or "") for call in self.truth["calls"]]

    def requests(self, *operations: str) -> Iterator[Truth]:
        """Return the requests that the speech servers saw."""
        return (r for r in self.truth["stub_requests"] if r.get("op") in operations)

    @property
    def fails(self) -> bool:
        """Say whether any call or request failed."""
        bad = any(r.get("status") != 200 for r in self.requests("stt", "tts"))  # noqa: PLR2004
        return bad or any(FAILED_VOICE.search(text) for text in self.texts)

    @property
    def cloud_served(self) -> bool:
        """Say whether the cloud answered a request after a local server had failed."""
        failed, served = set(), False
        for request in self.requests("stt", "tts"):
            ok, local = request.get("status") == 200, request["server"] != "openai"  # noqa: PLR2004
            if local and not ok:
                failed.add(request["op"])
            served = served or (ok and not local and request["op"] in failed)
        return served


def of_voice(truth: Truth, scenario: str) -> dict[str, bool]:
    """Return what must and must not be found in a recording of the voice server."""
    server = Server(truth, scenario)
    told = {code: decide(server) for code, decide in VOICE.items()}
    scripted: dict[str, bool] = truth.get("scripted", {}).get("expect", {})
    return {code: must for code, must in told.items() if must is not None} | scripted


def _late_refusal(server: Server) -> bool | None:
    """Say whether a key was refused for the first time more than a minute after the server's start."""
    if server.scenario not in CREDENTIAL:
        return False
    refused = [r["t_in"] for r in server.requests("stt", "tts") if r.get("status") == 401]  # noqa: PLR2004
    if not refused:
        return None  # the client refused by itself: no request tells when
    after = datetime.fromisoformat(min(refused)) - datetime.fromisoformat(server.truth["started"])
    return None if after.total_seconds() > MINUTE_S else False


MINUTE_S = 60


def _voice_timeout(server: Server) -> bool | None:
    if server.scenario in ("crash_mid", "cancel"):  # killed or cancelled before the timeout was reached
        return None
    hung = [r for r in server.requests("stt", "tts") if r.get("kind") == "hang"]
    return any((r.get("held_s") or 0) > LONG_HOLD_S for r in hung)


def _voice_unclosed(server: Server) -> bool | None:
    if server.version != PROBED_UP_TO:
        return False
    return None if server.scenario == "crash_mid" else server.scenario != "local_transport"


def _fallback(server: Server) -> bool | None:
    if server.scenario in ("fallback_ok", "degrade"):
        return True
    if server.scenario == "cancel":
        return True if server.version == PROBED_UP_TO else None
    return False if server.scenario in ("ok", "local_transport", "livekit_up", "empty") else None


def _dead_lock(server: Server) -> bool:
    """Say whether a signal ended the server inside a call: the lock, which came with 8.0.0, is left then."""
    was_killed = server.scenario == "crash_mid" or (server.truth.get("exit_code") or 0) < 0
    return was_killed and server.version != PROBED_UP_TO


NEVER_BY_VOICE = (
    "CCF101", "CCF102", "CCF103", "CCF104", "CCF105", "CCF106", "CCF107", "CCF206", "CCF207", "CCF213",
    "CCF214", "CCF215", "CCF301", "CCF302", "CCF303", "CCF304", "CCF305", "CCF307", "CCF403", "CCF404",
    "CCF405", "CCF406", "CCF407", "CCF408",
)  # fmt: skip

VOICE: Mapping[str, Callable[[Server], bool | None]] = {
    **dict.fromkeys(NEVER_BY_VOICE, lambda server: False),  # noqa: ARG005
    "CCF201": lambda server: any(FAILED_VOICE.search(text) for text in server.texts),
    "CCF202": lambda server: server.scenario in CREDENTIAL,
    "CCF203": _voice_unclosed,
    "CCF204": _voice_timeout,
    "CCF205": _fallback,
    "CCF210": lambda server: None if server.scenario == "empty" else False,
    "CCF211": lambda server: any(r.get("kind") == "garbage" for r in server.requests("stt")),
    "CCF212": lambda server: server.cloud_served,
    "CCF401": lambda server: None if server.fails else False,
    "CCF402": _late_refusal,
    "CCF409": lambda server: None if server.scenario == "crash_mid" else False,
    "CCF410": lambda server: None if server.scenario in ("bad_key", "tts_fail") else False,
    "CCF411": _dead_lock,
    "CCF902": lambda server: None if server.fails else False,
}


def expected_of(truth: Truth, scenario: str) -> dict[str, bool]:
    """Return what must and must not be found in a recording of either program."""
    return of_voice(truth, scenario) if "voicemode_version" in truth else of_client(truth, scenario)
