"""Where a field of one record says one thing, and the text beside it another: nobody may settle that in silence.

What it is judged by, and why:

- A failed request: the text's own status or words, which are what the API answered; an HTTP status in a field goes
  before words that name none, since the API gave it, and after the words that mean one thing only (a used-up limit,
  a prompt that is too long). The client's own name for the class comes last: it puts several together.
- The result of a run or of a tool: the text. ``is_error: false`` stands there too where nobody looked at the answer.
- An agent's answer: a completion has measures beside it (how long it took, how many tokens). One that has none, and
  whose text is the client's own word that the agent was launched, is a launch.

A field that is absent, or that says ``unknown``, says nothing, and contradicts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from forensics.evidence.account import Contradiction
from forensics.formats.claude.agent_answers import LAUNCH, LAUNCHES, answer_of
from forensics.formats.claude.api_failures import RETRIES, SUCCEEDED, attempt, failure, is_failure
from forensics.formats.claude.records import ApiError, Block, Message, Record, StreamRecord, ToolUseResult
from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import LAUNCHED, Row
from forensics.schema.api_failures import (
    ApiClass,
    class_of,
    class_of_field,
    contradict,
    http_status_in,
)
from forensics.schema.failed_results import failure_texts, whole_failure

BY_TEXT, BY_FIELD = "its text", "its field"
NO_ERROR = "is_error: false"
KEPT = 120  # characters of each that are quoted
# what the client puts around a result only where it refused or cancelled the call itself
REFUSED = "<tool_use_error>"
# how the client's own word for a failed request begins, where it stands in the place of an answer
FAILED = re.compile(
    r"API Error: |Claude AI usage limit reached|You.(?:ve hit|re out of) |\d+-hour limit reached"
    r"|Credit balance is too low|Prompt is too long|Not logged in · |Invalid API key · |Request timed out"
    r"|Request too large \("
)
COMPLETED = ("", "completed")  # why a run ended that did what it was asked, or does not say why
ONE_LINE = 400  # a model that tells of a failure has more to say


class Contradictions:
    """What the records of one file contradict themselves in."""

    def __init__(self) -> None:
        self.found: list[Contradiction] = []
        self._tools: dict[str, str] = {}  # by the ids of their calls

    def see(self, line: int, record: Record, message: Message, rows: Sequence[Row]) -> None:
        """Compare the fields of a record with its texts; ``rows`` are what was read of it."""
        blocks = message.content if isinstance(message.content, list) else ()
        if record.type == "assistant":
            self._tools.update({b.id: b.name for b in blocks if b.type == "tool_use"})
            if is_failure(record, message.model, blocks):
                said = " ".join(b.text for b in blocks) or str(message.content)
                self.found += _of_request(line, _fields(record), said, failure(record, said))
        elif record.type == "system" and record.subtype in RETRIES:
            error = decoded(record.error, ApiError)
            self.found += _of_request(
                line, _fields_of_try(record, error), error.message or "", attempt(record)
            )
        elif record.type == "user":
            texts = {r["correlation_id"]: str(r["message"]) for r in rows if r.get("correlation_id")}
            for block in blocks:
                if block.type == "tool_result" and (text := texts.get(block.tool_use_id)):
                    self.found += _of_tool(line, block, self._tools.get(block.tool_use_id), text)
                    self.found += _of_agent(line, record, text)


def in_result(line: int, record: StreamRecord, said_by_model: str | None) -> Iterator[Contradiction]:
    """Yield what the result of a run contradicts itself in."""
    text = decoded(record.result, str).strip()
    if success_is_denied(record, said_by_model):
        kind = class_of(http_status_in(text), text)
        yield _contradiction(line, NO_ERROR, text, f"{BY_TEXT}: a failure ({kind})")
    elif record.is_error and record.api_error_status is not None and text:
        row: Row = {"status": http_status_in(text) or str(record.api_error_status), "message": text}
        yield from _of_request(line, {"api_error_status": str(record.api_error_status)}, text, row)


def success_is_denied(record: StreamRecord, said_by_model: str | None) -> bool:
    """Say whether a result that calls itself a success holds nothing but the client's word for a failed request."""
    text = decoded(record.result, str).strip()
    claims = not record.is_error and record.subtype == "success"
    if (
        not claims
        or decoded(record.terminal_reason, str) not in COMPLETED
        or text == (said_by_model or "").strip()
    ):
        return False
    return is_whole_failure(text)


def is_whole_failure(text: str) -> bool:
    """Say whether a text is nothing but the client's word for a failed request."""
    if len(text) > ONE_LINE or "\n" in text or not FAILED.match(text):
        return False
    return http_status_in(text) is not None or class_of(None, text) is not ApiClass.OTHER


def _fields(record: Record) -> dict[str, str]:
    told = {
        "error": decoded(record.error, str),
        "apiError": decoded(record.api_error, str),
        "apiErrorStatus": "" if record.api_error_status is None else str(record.api_error_status),
    }
    return {name: value for name, value in told.items() if value}


def _fields_of_try(record: Record, error: ApiError) -> dict[str, str]:
    return _fields(record) | ({"error.status": str(error.status)} if error.status is not None else {})


def _of_request(line: int, fields: Mapping[str, str], text: str, row: Row) -> Iterator[Contradiction]:
    """Compare each field of a failed request with what its text says, and name the class that is judged by."""
    said = class_of(http_status_in(text), text)
    for name, value in fields.items():
        told = class_of_field(value)
        if contradict(told, said) or (SUCCEEDED.fullmatch(value) and said is not ApiClass.OTHER):
            kind = class_of(row["status"], text)
            by = BY_FIELD if kind is told else BY_TEXT
            yield _contradiction(line, f"{name}: {value}", text, f"{by}: {kind}")
            return


def _of_tool(line: int, block: Block, tool: str | None, text: str) -> Iterator[Contradiction]:
    if block.is_error is not False:
        return
    known = tool is not None and (
        any(text.startswith(t.start) for t in failure_texts(tool)) or whole_failure(tool, text) is not None
    )
    if known or text.startswith(REFUSED):
        yield _contradiction(line, NO_ERROR, text, f"{BY_TEXT}: a failed call")


def _of_agent(line: int, record: Record, text: str) -> Iterator[Contradiction]:
    if LAUNCH.match(text) is None:
        return
    result = decoded(record.tool_use_result, ToolUseResult)
    if result.status is not None and result.status not in LAUNCHES:
        is_launch = answer_of(result, text).status == LAUNCHED
        judged = f"{BY_TEXT}: a launch" if is_launch else f"{BY_FIELD}: an answer"
        yield _contradiction(line, f"toolUseResult.status: {result.status}", text, judged)


def _contradiction(line: int, field: str, text: str, judged: str) -> Contradiction:
    return Contradiction(line, cut(field, KEPT), cut(text, KEPT), judged)


def in_snake_case(field: str) -> str:
    """Spell a quoted field as a headless stream does."""
    name, colon, value = field.partition(":")
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower() + colon + value
