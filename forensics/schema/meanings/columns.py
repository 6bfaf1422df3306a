"""The columns of an event: what each holds in general, and which of them mean the same for every kind."""

from __future__ import annotations

from collections.abc import Mapping

# in the order in which tables show them; what depends on the kind is told there
COLUMNS: Mapping[str, str] = {
    "ts": "when, in UTC; null where no clock tells",
    "ts_quality": "how well the time is known: exact, aligned, inferred, missing",
    "session_id": "the session, as `forensics sessions` lists it",
    "agent_id": "the agent that did it; null: the main agent, or not known",
    "kind": "what happened: tool_call, api_error, stt_fail …",
    "level": "the record's own level, where it has one",
    "source": "which log format: transcript, claude-debug, voice-stderr …",
    "file": "the file that the record stands in, as reports name it",
    "line": "its line, as an editor shows it",
    "ordinal": "which record of that line, from 0",
    "message": "what the record says, in short",
    "tool": "the tool that was called; of the voice server the provider, or the kind of event",
    "status": "how it ended, or which state is told",
    "duration_ms": "how long it took; of a call the time limit that it asks for",
    "path": "a file, a folder, or a list of endpoints",
    "command": "the shell command, its first 400 characters",
    "endpoint": "which service answered: an URL, or the model's name",
    "component": "who or what it is about: a logger, an MCP server, an agent's type …",
    "target_agent_id": "the agent that the record launches, ends or reports on",
    "correlation_id": "the call's id: a call and its result share it",
    "message_id": "what belongs together: the blocks of one API message, the events of one voice call",
    "record_id": "the same in every copy of a record",
    "text": "what was heard, where it is no speech",
    "text_sha": "a digest of a text that is not kept, to find the same one again",
    "pid": "the process, where the record names it, or in a debug log one near it",
    "count": "how many, or which one of several by its number",
    "total": "of how many",
    "tokens": "that a message, an agent or a run used; that a compaction left",
    "silence_detection": "whether a recording was to end at silence",
    "local_ts": "the voice server's own clock, without a zone",
    "attrs": "what else the record says, as JSON",
    "event_id": "names the record within one run: `evidence` refers to it",
}
# these mean the same whatever the kind, and any record may have them
ALWAYS = frozenset(
    {
        "ts", "ts_quality", "session_id", "agent_id", "kind", "level", "source", "file", "line", "ordinal", "message",
        "record_id", "pid", "local_ts", "attrs", "event_id",
    }
)  # fmt: skip
