"""What the client's process and its connections tell: sessions, hooks, the model API, MCP servers."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema.kinds import EventKind as K
from forensics.schema.meanings.shape import Meaning

SERVER = "the MCP server"
NAMED = "`claude-code` where the text names the client, or stands beside its records"
WITNESS = "who says it: `runtime`, `kernel`, `systemd`, `shell`, `host`, `runner`"
PROCESS: Mapping[K, Meaning] = {
    K.SESSION_META: Meaning(
        "in which version and folder the client runs",
        {"status": "the client's version", "path": "the working folder"},
    ),
    K.SESSION_START: Meaning(
        "a session begins, or is taken up again",
        {
            "status": (
                "`startup`, `resume`, `compact`; `raised` (2.1.330), `init` (a headless run), "
                "`spawned` (by an editor)"
            )
        },
    ),
    K.RUN_START: Meaning(
        "a process of the client begins, or takes up the conversation of one that was cut off",
        {
            "status": (
                "`process` (a process begins), `unclean` (it says that the one before died), "
                "`resumed` (the transcript is taken up inside a turn)"
            )
        },
    ),
    K.SESSION_END: Meaning(
        "the client ends in an orderly way",
        {
            "status": "which step of its end, in the words of the log",
            "path": "the shell snapshot that it removes",
        },
    ),
    K.TURN_START: Meaning(
        "a turn of the main agent begins, by the debug log or telemetry",
        {"status": "the hook's name, `UserPromptSubmit`"},
    ),
    K.TURN_END: Meaning("the main agent's turn ends", {"status": "the hook's name, `Stop`"}),
    K.RESULT: Meaning(
        "the result of a headless run",
        {
            "status": "`success`, `error`, or which limit ended it: `error_max_turns` …",
            "component": "what ended the run, in the record's word: `completed`, `api_error`, `max_turns` …",
            "duration_ms": "how long the run took",
            "count": "how many turns it took",
            "tokens": "how many the run used",
        },
    ),
    K.BUDGET_ENDED: Meaning(
        "an agent has used all of what it was allowed",
        {"status": "`max_turns`", "count": "how many turns were allowed"},
    ),
    K.PROCESS_FATAL: Meaning(
        "a process dies of an error of its own, as it or another program says",
        {
            "status": "the words that say so",
            "component": NAMED,
            "tool": WITNESS,
            "count": "the exit code, or the one that a shell gives for the signal",
        },
    ),
    K.PROCESS_EXITED: Meaning(
        "a process was ended by a signal or left an exit code, as another program says",
        {
            "status": "`killed`, `interrupted`, or `failed` where the exit code is no signal's",
            "component": NAMED,
            "tool": WITNESS,
            "count": "the exit code, or the one that a shell gives for the signal",
        },
    ),
    K.PROCESS_STATE: Meaning(
        "what a runtime prints of a process as it dies",
        {"status": "its words: times, memory", "duration_ms": "how long the process had been up"},
    ),
    K.PROCESS_LEFT: Meaning(
        "a file lies there that an orderly end removes",
        {
            "status": "`shell snapshot`, or `process file (…)` with what the process was doing",
            "path": "the snapshot's name",
        },
    ),
    K.CLOCK_ANCHOR: Meaning(
        "the client writes a file of its own, whose name says when",
        {"path": "the file"},
    ),
    K.LOG_EDGE: Meaning(
        "a log's first or last record, or one beside a long silence",
        {"component": "in a voice server's log: the logger; in its trace: `voicemode-trace`"},
    ),
    K.CLIENT_ERROR: Meaning("an error that the client caught"),
    K.DAMAGED: Meaning(
        "lines that could not be read",
        {
            "status": "why",
            "component": "`cut off` where it is the last line, and a file's end explains it",
            "count": "how many lines",
            "total": "how many lines the file has",
        },
    ),
    K.CREDENTIAL_SEEN: Meaning(
        "a line holds what looks like a credential",
        {
            "component": "its kind: `openai key` …",
            "status": "`whole`, `masked`; in a run's events `over`: it ended before its session did",
            "count": "how long it is, in characters",
            "total": "when a web token ends, in seconds since 1970",
            "text": "the words that say that it is a test's",
            "endpoint": "the session that tells it: the one in which it stood first",
            "tool": "a digest of who issued a web token",
            "text_sha": "a digest of the characters that make it one, also where a copy was cut",
        },
    ),
}
HOOKS: Mapping[K, Meaning] = {
    K.HOOK_DENIED: Meaning("a hook denies a call", {"tool": "the tool that was to be called"}),
    K.HOOK_RAN: Meaning(
        "a hook ran",
        {
            "component": "the hook's event, with what it matched",
            "status": "its exit code, or `timed out`, `error`, `cancelled`",
            "command": "its shell command",
            "correlation_id": "the call that it was run for",
            "duration_ms": "how long it ran",
        },
    ),
}
API: Mapping[K, Meaning] = {
    K.API_ERROR: Meaning(
        "a request to the model API fails",
        {
            "component": (
                "what failed: an `attempt`, after which another follows; the request, `final`; the `streaming` of it; "
                "in the SDK's log a `request`, which may not have been the session's; in telemetry the client's `own`; "
                "in a report of errors `caught`"
            ),
            "status": "the HTTP status, or the class of the failure in words",
            "count": "which attempt; in telemetry how many there were",
            "total": "how many there may be",
            "endpoint": "in the SDK's log: the URL",
            "duration_ms": "in the SDK's log and telemetry: how long until it failed",
        },
    ),
    K.API_STALL: Meaning(
        "an answer of the API stops in its middle for a while",
        {"duration_ms": "for how long", "count": "the number of the stall"},
    ),
    K.API_REQUEST: Meaning(
        "a request goes out", {"endpoint": "the model", "status": "which kind of provider"}
    ),
    K.API_FIRST_BYTE: Meaning("the API begins to answer", {"duration_ms": "how long after the request"}),
}
MCP: Mapping[K, Meaning] = {
    K.MCP_CONNECTION: Meaning(
        "the connection to an MCP server changes",
        {"component": SERVER, "status": "the client's words for it"},
    ),
    K.MCP_CALL: Meaning(
        "a tool of an MCP server is called", {"component": SERVER, "tool": "the tool, without its server"}
    ),
    K.MCP_CALL_END: Meaning(
        "such a call ends",
        {
            "component": SERVER,
            "tool": "the tool, without its server",
            "status": "`completed successfully`, or `failed`",
            "duration_ms": "how long the call took",
        },
    ),
}
CLIENT: Mapping[K, Meaning] = {**PROCESS, **HOOKS, **API, **MCP}
