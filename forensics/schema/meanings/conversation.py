"""What is said and done in a conversation: prompts, calls and their answers, agents, plans."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.schema.kinds import EventKind as K
from forensics.schema.meanings.shape import Meaning

SAID = {
    "message_id": "the API message that it is a part of",
    "endpoint": "the model",
    "tokens": "how many the message used",
}
CALL = SAID | {
    "tool": "the tool",
    "correlation_id": "the call's id",
    "text_sha": "a digest of the call's whole input",
}
DISPATCHED = {"tool": "the tool", "correlation_id": "the call's id (2.1.330)"}
TALK: Mapping[K, Meaning] = {
    K.USER_PROMPT: Meaning(
        "what the user asks for; what an agent was spawned with", {"text_sha": "a digest of the prompt"}
    ),
    K.PROMPT_TYPED: Meaning(
        "what was typed, by the client's history of prompts",
        {
            "status": "the command that it begins with: `/exit` …",
            "path": "the project",
            "text_sha": "a digest of what was typed",
        },
    ),
    K.USER_INTERRUPT: Meaning(
        "the user interrupts", {"component": "`shutdown` where the client's end made it, in the same words"}
    ),
    K.ASSISTANT_MESSAGE: Meaning("the model says something", SAID),
    K.COMPACTION: Meaning(
        "the conversation is replaced by a summary",
        {
            "status": "what asked for it: `auto`, `manual`",
            "count": "how many tokens it had before",
            "tokens": "how many it has then",
        },
    ),
    K.OTHER: Meaning(
        "anything else",
        SAID | {"status": "in a trajectory: the version of its schema"},
    ),
}
CALLS: Mapping[K, Meaning] = {
    K.TOOL_CALL: Meaning(
        "the model calls a tool",
        CALL
        | {
            "path": "the file that the call names",
            "command": "for Bash: the shell command",
            "duration_ms": "for Bash and a voice call: the time limit that it asks for",
            "status": "for a voice call: `no silence detection` where it wants none",
        },
    ),
    K.TOOL_RESULT: Meaning(
        "a call is answered",
        {
            "correlation_id": "the call's id",
            "status": "`ok`, `error`, `interrupted`; `unrecorded` (filled in where its process was gone before)",
            "target_agent_id": "for a spawn: the agent that ended",
            "duration_ms": "how long that agent took",
            "tokens": "how many that agent used",
        },
    ),
    K.RESULT_SPILLED: Meaning(
        "what a call printed stands in a file of its own",
        {"correlation_id": "the call's id", "path": "the file's name", "count": "how many lines it has"},
    ),
    K.TOOL_DISPATCH: Meaning(
        "the client begins to carry out a call",
        DISPATCHED | {"component": "on a terminal's screen: the MCP server"},
    ),
    K.TOOL_DONE: Meaning(
        "the client has carried out a call",
        DISPATCHED
        | {
            "status": "`ok`, `error`, `aborted`; before 2.1.330 the hook's name: `PostToolUse`, `PostToolUseFailure`",
            "duration_ms": "how long the call took (2.1.330)",
        },
    ),
}
AGENTS: Mapping[K, Meaning] = {
    K.AGENT_SPAWN: Meaning(
        "the model calls for an agent",
        CALL | {"component": "the agent's type", "text_sha": "a digest of the agent's prompt"},
    ),
    K.AGENT_LAUNCHED: Meaning(
        "an agent was launched in the background",
        {
            "correlation_id": "the id of the call that spawned it",
            "status": "`launched`",
            "target_agent_id": "the agent",
        },
    ),
    K.AGENT_STARTED: Meaning(
        "an agent begins, by a headless stream or the journal of a workflow",
        {
            "target_agent_id": "the agent",
            "correlation_id": "the id of the call that spawned it",
            "message_id": "the run of the workflow",
            "component": "what the workflow calls the agent",
        },
    ),
    K.AGENT_NOTIFICATION: Meaning(
        "the client tells how an agent ended, with the reason where it failed",
        {
            "target_agent_id": "the agent",
            "status": "`completed`, `failed`, `killed` …",
            "correlation_id": "in a headless stream: the id of the call that spawned it",
            "message_id": "the run of the workflow",
        },
    ),
    K.AGENT_TALLY: Meaning(
        "a headless run's result counts its agents",
        {
            "count": "how many were spawned; with a status, how many ended so",
            "total": "how many of them completed; with a status, how many were spawned",
            "status": "of those that did not complete: `failed`, `killed`",
            "component": "the same with who did it: `killed by the user`, `… parent`, `… system`, `… ceiling`",
        },
    ),
    K.AGENT_META: Meaning(
        "the file beside an agent's transcript",
        {
            "target_agent_id": "the agent",
            "component": "the agent's type",
            "tool": "`foreground`, or `background`",
            "message_id": "of a workflow's agent: the run (`wf_…`); of a member of a team: `name@team`",
            "correlation_id": "the id of the call that spawned it",
            "status": "`finished`, or `unfinished`; none where the client does not write it (2.1.183)",
        },
    ),
    K.TEAM_MEMBER: Meaning(
        "who is a member of a team of agents",
        {
            "target_agent_id": "the member: `name@team`; none for the lead in its own transcript",
            "message_id": "the team",
            "status": "`lead`, or `member`",
            "component": "in the team's file: the agent's type",
            "correlation_id": "in the team's file: the session of the lead",
        },
    ),
    K.TEAM_MESSAGE: Meaning(
        "an agent is told something by another one of its team",
        {
            "component": "who says it, by its name in the team",
            "message_id": "in an inbox: the team",
            "status": "`message`, or the protocol's word: `idle_notification`, `shutdown_request` …",
        },
    ),
    K.AGENT_STOP: Meaning(
        "an agent ends, by the debug log",
        {
            "component": "the agent's type (2.1.330)",
            "status": "`completed`, `error`, `cancelled`; before 2.1.330 the hook's name, `SubagentStop`",
            "duration_ms": "how long the agent took (2.1.330)",
        },
    ),
}
PLANS: Mapping[K, Meaning] = {
    K.TODO_SNAPSHOT: Meaning(
        "a whole list of todos, or the last state of a task; the items stand in a table of their own",
        CALL
        | {
            "tool": "`TodoWrite`; for a task's file: `TaskList`",
            "count": "how many items the list has",
            "status": "for a task's file: the task's",
        },
    ),
    K.TASK_CREATE: Meaning("the model adds a task", CALL),
    K.TASK_UPDATE: Meaning("the model changes a task", CALL | {"status": "the task's new one"}),
    K.DISK_WRITE: Meaning("the client writes a file of the user's", {"path": "the file"}),
}
CONVERSATION: Mapping[K, Meaning] = {**TALK, **CALLS, **AGENTS, **PLANS}
