"""Answers of the Messages API as bytes: one document, or a stream of server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PIECE = 200  # characters of a text or of a call's arguments in one event
BYTES_PER_TOKEN = 4
NEW_TOKENS = 300  # of each request, as if everything before it came from the cache
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
WORDS = {
    401: "invalid x-api-key",
    429: "This request would exceed your account's rate limit. Please try again later.",
    500: "Internal server error",
    529: "Overloaded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message of the assistant."""

    message_id: str
    model: str
    blocks: tuple[Mapping[str, Any], ...]
    context_tokens: int

    @property
    def stop_reason(self) -> str:
        """Say whether tools are to be called, or the turn ends."""
        return "tool_use" if any(block["type"] == "tool_use" for block in self.blocks) else "end_turn"

    @property
    def output_tokens(self) -> int:
        """Return a plausible size of the answer."""
        return max(1, len(json.dumps(self.blocks)) // BYTES_PER_TOKEN)

    def document(self) -> dict[str, Any]:
        """Return the whole message."""
        return {
            **self._head(),
            "content": list(self.blocks),
            "stop_reason": self.stop_reason,
            "usage": self._usage(self.output_tokens),
        }

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the message as the events of a stream."""
        yield from self.beginning()
        for index, block in enumerate(self.blocks):
            yield from _block_events(index, block)
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": self.stop_reason, "stop_sequence": None},
            "usage": {"output_tokens": self.output_tokens},
        }
        yield {"type": "message_stop"}

    def beginning(self) -> Iterator[dict[str, Any]]:
        """Yield the first events alone: all that is seen of an answer that breaks off."""
        head = {**self._head(), "content": [], "stop_reason": None, "usage": self._usage(1)}
        yield {"type": "message_start", "message": head}
        yield {"type": "ping"}

    def _head(self) -> dict[str, Any]:
        return {
            "id": self.message_id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "stop_sequence": None,
        }

    def _usage(self, output_tokens: int) -> dict[str, Any]:
        new = min(NEW_TOKENS, self.context_tokens)
        return {
            "input_tokens": 4,
            "cache_creation_input_tokens": new,
            "cache_read_input_tokens": self.context_tokens - new,
            "output_tokens": output_tokens,
            "service_tier": "standard",
        }


def _block_events(index: int, block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        empty, whole, kind, key = {**block, "text": ""}, block["text"], "text_delta", "text"
    else:
        whole = json.dumps(block["input"], ensure_ascii=False)
        empty, kind, key = {**block, "input": {}}, "input_json_delta", "partial_json"
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    for at in range(0, len(whole), PIECE):
        delta = {"type": kind, key: whole[at : at + PIECE]}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """Return one server-sent event."""
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def error_document(status: int, words: str = "") -> dict[str, Any]:
    """Return the body of an error."""
    message = words or WORDS.get(status, "scripted error")
    return {"type": "error", "error": {"type": KINDS.get(status, "api_error"), "message": message}}
