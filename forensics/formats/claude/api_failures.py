"""Failed requests to the model API, as the records of a conversation tell them: one normal form for all dialects.

A transcript flags the message (``isApiErrorMessage``), a headless stream in snake_case, or with its class alone
(2.0.76, 2.1.183), or with nothing but the client's words in the place of the model's. A try that another one
follows is ``system``/``api_error`` in a transcript and ``system``/``api_retry`` in a stream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from forensics.formats.claude.records import ApiError, Block, Record
from forensics.formats.jsonl import decoded
from forensics.privacy.redact import cut
from forensics.schema import EventKind, Row
from forensics.schema.api_failures import NETWORK, http_status_in, says_failure

RETRIES = ("api_error", "api_retry")
SYNTHETIC = "<synthetic>"  # the model of what the client itself says in its place
SAYS_NOTHING = ("", "unknown")
SDK_WORDS = re.compile(r"Request timed out|Connection error")
NETWORK_CODE = re.compile(rf"\((?P<code>{NETWORK.pattern})\)")
SUCCEEDED = re.compile(r"[123]\d\d")  # a status that no failure has
TEXT_KEPT = 400


def is_failure(record: Record, model: str | None, blocks: Sequence[Block]) -> bool:
    """Say whether a message of the assistant is the end of a request that failed."""
    if record.is_api_error_message:
        return True
    if any(block.type == "tool_use" for block in blocks):
        return False  # the model's own words, with a remark of the client's
    named = decoded(record.error, str) != ""
    return named or (model == SYNTHETIC and any(says_failure(block.text) for block in blocks))


def failure(record: Record, text: str) -> Row:
    """Return the failure that ends a request, in the client's words."""
    return {
        "kind": EventKind.API_ERROR,
        "component": "final",
        "status": status_in(text) or _field_of(record),
        "message": cut(text, TEXT_KEPT),
    }


def attempt(record: Record) -> Row:
    """Return one failed try, after which the client waits and tries again."""
    error = decoded(record.error, ApiError)
    said = error.message or decoded(record.error, str)
    status = error.status or record.api_error_status
    return {
        "kind": EventKind.API_ERROR,
        "component": "attempt",
        "status": str(status) if status else _code_of(error) or status_in(said) or _field_of(record),
        "count": record.retry_attempt,
        "total": record.max_retries,
        "message": cut(said, TEXT_KEPT),
    }


def _code_of(error: ApiError) -> str | None:
    """Return the network's own code for a try that reached nobody."""
    return next((c.code for c in (error.cause, error.connection) if c is not None and c.code), None)


def status_in(text: str) -> str | None:
    """Take the class of a failure out of its text: an HTTP status where one stands, the SDK's words, a code."""
    said, code = SDK_WORDS.search(text), NETWORK_CODE.search(text)
    return http_status_in(text) or (said.group() if said else code["code"] if code else None)


def _field_of(record: Record) -> str | None:
    """Return the status or the class that the client gives a failure beside its words (2.0.69 on)."""
    if record.api_error_status is not None and not SUCCEEDED.fullmatch(str(record.api_error_status)):
        return str(record.api_error_status)
    said = (decoded(field, str) for field in (record.api_error, record.error))
    return next((one for one in said if one not in SAYS_NOTHING), None)
