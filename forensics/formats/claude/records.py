"""The shape of transcript records: a typed envelope with raw bodies.

Only the kinds that matter have their body decoded. Measured on 1.0.128 … 2.1.330; unknown keys are
ignored and unknown types kept as ``other``, so that a new client release is a number and not a failure.
"""

from __future__ import annotations

import msgspec

EMPTY = msgspec.Raw(b"null")
UNTYPED = "?"  # the type of what says none


class Record(msgspec.Struct, rename="camel"):
    """The envelope of one line. Names are the client's, in camelCase."""

    type: str = UNTYPED
    subtype: str | None = None
    uuid: str | None = None
    parent_uuid: str | None = None
    session_id: str | None = None
    timestamp: str | None = None
    version: str | None = None
    cwd: str | None = None
    agent_id: str | None = None
    team_name: str | None = None  # of a member of a team, in a session of its own
    agent_name: str | None = None
    is_sidechain: bool = False
    is_meta: bool = False
    is_api_error_message: bool = False
    is_compact_summary: bool = False
    interrupted_by_shutdown: bool = False  # 2.1.220, where SIGTERM ended the process
    api_error_status: int | str | None = None
    operation: str | None = None
    retry_attempt: int | None = None
    max_retries: int | None = None
    message: msgspec.Raw = EMPTY
    content: msgspec.Raw = EMPTY
    error: msgspec.Raw = EMPTY
    api_error: msgspec.Raw = EMPTY  # beside it, the more particular class (2.1.183 on)
    compact_metadata: msgspec.Raw = EMPTY
    tool_use_result: msgspec.Raw = EMPTY
    attachment: msgspec.Raw = EMPTY
    hook_errors: msgspec.Raw = EMPTY
    hook_infos: msgspec.Raw = EMPTY


class StreamRecord(msgspec.Struct):
    """The envelope of one line of a headless stream. Names are the client's, in snake_case."""

    type: str = UNTYPED
    subtype: str | None = None
    uuid: str | None = None
    session_id: str | None = None
    timestamp: str | None = None
    parent_tool_use_id: str | None = None
    claude_code_version: str | None = None
    cwd: str | None = None
    is_error: bool = False
    num_turns: int | None = None
    duration_ms: float | None = None
    is_api_error_message: bool = False  # 2.1.229 on; before, the failure's class alone tells
    api_error_status: int | str | None = None
    attempt: int | None = None
    max_retries: int | None = None
    error_status: int | str | None = None
    task_id: str | None = None  # of ``task_…`` records: agents, and shells in the background
    tool_use_id: str | None = None
    task_type: str | None = None
    status: msgspec.Raw = EMPTY
    summary: msgspec.Raw = EMPTY
    patch: msgspec.Raw = EMPTY
    subagent_stats: msgspec.Raw = EMPTY
    error: msgspec.Raw = EMPTY
    api_error: msgspec.Raw = EMPTY
    result: msgspec.Raw = EMPTY
    terminal_reason: msgspec.Raw = EMPTY
    message: msgspec.Raw = EMPTY
    tool_use_result: msgspec.Raw = EMPTY
    compact_metadata: msgspec.Raw = EMPTY
    usage: msgspec.Raw = EMPTY
    errors: msgspec.Raw = EMPTY
    mcp_servers: msgspec.Raw = EMPTY
    rate_limit_info: msgspec.Raw = EMPTY


class TaskPatch(msgspec.Struct):
    """What changed of a task, in a stream (2.1.185 on)."""

    status: str | None = None
    error: str | None = None


class AgentCounts(msgspec.Struct):
    """How a run's agents ended, in its result (2.1.332)."""

    spawned: int = 0
    completed: int = 0
    failed: int = 0
    killed: dict[str, int | None] = {}  # by whom: parent, user, system, ceiling


class RateLimit(msgspec.Struct, rename="camel"):
    """How an account stands with one of its limits, in a ``rate_limit_event`` (2.1.4 on)."""

    status: str | None = None
    resets_at: int | float | None = None  # in seconds of the epoch
    rate_limit_type: str | None = None  # five_hour, seven_day, seven_day_opus …
    overage_status: str | None = None  # whether what is beyond the limit is paid for
    is_using_overage: bool = False


class ServerStatus(msgspec.Struct):
    """One MCP server in a stream's first record."""

    name: str = "?"
    status: str = "?"  # connected, failed, needs-auth, pending, disabled


class Block(msgspec.Struct):
    """One block of a message's content."""

    type: str = "?"
    text: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = EMPTY
    tool_use_id: str = ""
    content: msgspec.Raw = EMPTY
    is_error: bool | None = None


class Usage(msgspec.Struct):
    """What an API message used. Each of its records repeats it; the last one is right."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None

    @property
    def total(self) -> int | None:
        """Return all tokens together, those read from the cache included; null where nothing was told."""
        told = (
            self.input_tokens,
            self.output_tokens,
            self.cache_creation_input_tokens,
            self.cache_read_input_tokens,
        )
        return sum(n for n in told if n) or None


class Message(msgspec.Struct):
    """An API message; the client writes one entry for each block, all with the same id."""

    role: str = "?"
    id: str | None = None
    model: str | None = None
    content: str | list[Block] = ""
    usage: msgspec.Raw = EMPTY


class ToolUseResult(msgspec.Struct, rename="camel"):
    """What the client adds to a tool result; only Task/Agent results are of interest."""

    status: str | None = None
    agent_id: str | None = None
    member_id: str | None = msgspec.field(default=None, name="teammate_id")  # of a team, with the team's name
    run_id: str | None = None  # of a workflow
    total_duration_ms: float | None = None
    total_tokens: int | None = None

    @property
    def agent(self) -> str | None:
        """Return what it names: an agent, a member of a team, or a run of a workflow."""
        return self.agent_id or self.member_id or self.run_id


class SpawnInput(msgspec.Struct):
    """The input of Task (Agent from 2.1.63 on)."""

    description: str = ""
    prompt: str = ""
    subagent_type: str | None = None
    isolation: str | None = None
    run_in_background: bool | None = None


class TodoInput(msgspec.Struct):
    """One item of a TodoWrite list."""

    content: str = ""
    status: str = ""
    activeForm: str | None = None  # noqa: N815 - the tool's own name


class TodoWriteInput(msgspec.Struct):
    """The input of TodoWrite; some callers send the list as a JSON string."""

    todos: list[TodoInput] | str = []


class TaskInput(msgspec.Struct, rename="camel"):
    """The input of TaskCreate and TaskUpdate (2.1.16 on)."""

    task_id: str | int | None = None
    subject: str | None = None
    active_form: str | None = None
    status: str | None = None
    owner: str | None = None
    blocked_by: list[str | int] | None = None
    add_blocked_by: list[str | int] | None = None
    add_blocks: list[str | int] | None = None


class BashInput(msgspec.Struct):
    """The command of a shell call; ``timeout`` is in milliseconds."""

    command: str = ""
    timeout: float | None = None


class ConverseInput(msgspec.Struct):
    """What voicemode's ``converse`` is asked for; the duration is in seconds."""

    listen_duration_max: float | None = None
    disable_silence_detection: bool | str | None = None


class FileInput(msgspec.Struct):
    """The path that a file tool names."""

    file_path: str | None = None
    notebook_path: str | None = None
    path: str | None = None


class Cause(msgspec.Struct):
    """Why no answer came, by the network's own code: ``ConnectionRefused``, ``ECONNRESET``."""

    code: str | None = None


class ApiError(msgspec.Struct):
    """``system``/``api_error``: one failed attempt. 2.0.5 to 2.1.16 write the cause at most, often ``{}``."""

    message: str | None = None
    status: int | None = None
    cause: Cause | None = None
    connection: Cause | None = None  # the same in 2.1.332


class HookInfo(msgspec.Struct):
    """One hook of ``system``/``stop_hook_summary`` (2.1.9 on)."""

    command: str | None = None


class Attachment(msgspec.Struct, rename="camel"):
    """What the client adds to a conversation: how a hook ended, that the turns are spent (2.1.100, 2.1.330)."""

    type: str = "?"
    hook_name: str | None = None  # the event and what it was about: ``PostToolUse:Bash``
    tool_use_id: str | None = msgspec.field(default=None, name="toolUseID")
    command: str | None = None
    exit_code: int | None = None
    duration_ms: float | None = None
    timed_out: bool = False  # 2.1.330; 2.1.100 says no more than that it was cancelled
    timeout_ms: float | None = None  # 2.1.330: what the hook was allowed
    stderr: str | None = None
    max_turns: int | None = None


class CompactMetadata(msgspec.Struct, rename="camel"):
    """``system``/``compact_boundary``."""

    trigger: str | None = None
    pre_tokens: int | None = None
    post_tokens: int | None = None
