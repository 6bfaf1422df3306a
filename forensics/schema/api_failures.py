"""Failures of the model API in all their dialects: which class one is of, by its status, its words and its field.

A transcript, a headless stream, its result and the debug log tell the same failure in other words. Some put a field
beside the text that says nothing (``unknown``) or too much (``server_error`` where the connection was lost): the
text goes first, then the HTTP status that names one thing only, then the field. What none of them tells is still a
failure, of the class ``other``.
"""

from __future__ import annotations

import re
from enum import StrEnum

from forensics.schema.sources import Source

# logs that tell of requests to the API; a screen and a report of errors tell of those that failed
TOLD_BY = frozenset(
    {Source.TRANSCRIPT, Source.CLAUDE_DEBUG, Source.OTEL, Source.CONSOLE, Source.ERROR_REPORT}
)
SERVER_FAILS = 500  # the first HTTP status that says so


class ApiClass(StrEnum):
    """What kind of failure it was. A usage limit is an account's allowance: no retry and no login cures it."""

    RATE_LIMIT = "rate-limit"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server-error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    AUTHENTICATION = "authentication"
    NO_LOGIN = "not-logged-in"  # nothing was sent: no credential was refused
    FORBIDDEN = "forbidden"
    USAGE_LIMIT = "usage-limit"
    CREDIT = "credit"
    TOO_LARGE = "too-large"  # the request, or the answer that it asked for
    REQUEST = "request"  # refused for what it is: no retry cures it
    REFUSAL = "refusal"
    ABORTED = "aborted"
    OTHER = "other"


# what the client and the API say of themselves, wherever a status stands beside it
WORDS_FIRST = (
    (
        ApiClass.USAGE_LIMIT,
        (
            r"(?i)(?:out of (?:extra )?usage|(?<!not your )usage limit|(?:session|weekly|hour|opus|hit your) limit|"
            r"limit reached)\b.*\bresets?\b|usage limit reached|You.re out of (?:extra )?usage\b|"
            r"\b(?:hit|reached) (?:your|its) (?:[\w']+ ){0,4}?(?<!rate )(?<!window )limits?\b|"
            r"\bspend(?:ing)? (?:cap|limit) reached|\bextra usage is required|^rate_limit_event: status rejected\b"
        ),
    ),
    (ApiClass.CREDIT, r"(?i)credit balance (?:is )?too low|insufficient[_ ](?:quota|credit|balance|funds)"),
    (
        ApiClass.TOO_LARGE,
        (
            r"(?i)prompt is too long|input is too long|output token maximum|request_too_large|request too large|"
            r"exceeds? (?:the )?(?:maximum )?context (?:limit|length|window)|"
            r"(?:image|PDF)\b[^.]{0,40}\b(?:too large|exceeds?)\b|"
            r"maximum (?:context length|image size|of \d+ PDF pages|allowed number of output tokens)|"
            r"^(?:API Error: )?(?:context limit reached|conversation too long)|context window limit"
        ),
    ),
    (ApiClass.REFUSAL, r"(?i)violates? our usage policy|unable to respond to this request"),
    (ApiClass.NO_LOGIN, r"^Not logged in\b"),
    (ApiClass.ABORTED, r"^(?:API Error: )?Request was aborted"),
)
BY_HTTP = {
    401: ApiClass.AUTHENTICATION,
    402: ApiClass.CREDIT,
    403: ApiClass.FORBIDDEN,
    408: ApiClass.TIMEOUT,
    413: ApiClass.TOO_LARGE,
    429: ApiClass.RATE_LIMIT,
    504: ApiClass.TIMEOUT,
    529: ApiClass.OVERLOADED,
}
# what is said where no status is; networks name their errors by a code: ECONNRESET, ConnectionRefused
WORDS = (
    (
        ApiClass.AUTHENTICATION,
        (
            r"Invalid API key|Please run /login|OAuth (?:token|authentication)[^.]*(?:expired|revoked|not supported)|"
            r"\"authentication_error\"|invalid x-api-key"
        ),
    ),
    (
        ApiClass.CONNECTION,
        (
            r"(?i:unable to connect to|could not connect to|connection (?:error|dropped|closed|refused|reset|lost)|"
            r"socket (?:connection was closed|hang up)|fetch failed|network (?:error|is down|connection)|"
            r"certificate|\b(?:SSL|TLS)\b|getaddrinfo)|"
            r"\b(?:ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|EPIPE|E(?:HOST|NET)[A-Z]+|FailedToOpenSocket|Connection[A-Z]\w+)\b|"
            r"^(?:API Error: )?terminated\b"
        ),
    ),
    (ApiClass.TIMEOUT, r"(?i)\btimed out\b|\btimeout\b|ETIMEDOUT"),
    (ApiClass.OVERLOADED, r"(?i)\boverloaded|experiencing high (?:load|demand)"),
    (ApiClass.RATE_LIMIT, r"(?i)rate[ _]limit|too many requests|temporarily limiting requests"),
    (ApiClass.SERVER_ERROR, r"(?i)internal server error|server-side issue|bad gateway|service unavailable"),
    (ApiClass.REQUEST, r"issue with the selected model"),
)
# the client's own class, and the API's
BY_FIELD = {
    "authentication_failed": ApiClass.AUTHENTICATION,
    "authentication_error": ApiClass.AUTHENTICATION,
    "invalid_api_key": ApiClass.AUTHENTICATION,
    "permission_error": ApiClass.FORBIDDEN,
    "billing_error": ApiClass.CREDIT,
    "rate_limit": ApiClass.RATE_LIMIT,
    "rate_limit_error": ApiClass.RATE_LIMIT,
    "overloaded": ApiClass.OVERLOADED,
    "overloaded_error": ApiClass.OVERLOADED,
    "server_error": ApiClass.SERVER_ERROR,
    "api_error": ApiClass.SERVER_ERROR,
    "timeout": ApiClass.TIMEOUT,
    "timeout_error": ApiClass.TIMEOUT,
    "Stream idle timeout": ApiClass.TIMEOUT,
    "connection_failed": ApiClass.CONNECTION,
    "connection_error": ApiClass.CONNECTION,
    "invalid_request": ApiClass.REQUEST,
    "invalid_request_error": ApiClass.REQUEST,
    "not_found_error": ApiClass.REQUEST,
    "model_not_found": ApiClass.REQUEST,
    "max_output_tokens": ApiClass.TOO_LARGE,
    "request_too_large": ApiClass.TOO_LARGE,
    "refusal": ApiClass.REFUSAL,
}
# classes of which one is wider than the other, or that the API and the client draw apart in other places
KIN = frozenset(
    frozenset(pair)
    for pair in (
        (ApiClass.RATE_LIMIT, ApiClass.USAGE_LIMIT),
        (ApiClass.RATE_LIMIT, ApiClass.CREDIT),
        (ApiClass.USAGE_LIMIT, ApiClass.CREDIT),
        (ApiClass.SERVER_ERROR, ApiClass.OVERLOADED),
        (ApiClass.SERVER_ERROR, ApiClass.CONNECTION),
        (ApiClass.SERVER_ERROR, ApiClass.TIMEOUT),
        (ApiClass.CONNECTION, ApiClass.TIMEOUT),
        (ApiClass.CONNECTION, ApiClass.ABORTED),
        (ApiClass.TIMEOUT, ApiClass.ABORTED),
        (ApiClass.AUTHENTICATION, ApiClass.NO_LOGIN),
        (ApiClass.AUTHENTICATION, ApiClass.FORBIDDEN),
        (ApiClass.FORBIDDEN, ApiClass.NO_LOGIN),
        (ApiClass.FORBIDDEN, ApiClass.REFUSAL),
        (ApiClass.REQUEST, ApiClass.TOO_LARGE),
        (ApiClass.REQUEST, ApiClass.REFUSAL),
        (ApiClass.REQUEST, ApiClass.CREDIT),
        (ApiClass.REQUEST, ApiClass.USAGE_LIMIT),
        (ApiClass.REQUEST, ApiClass.FORBIDDEN),
    )
)
_FIRST = tuple((kind, re.compile(words)) for kind, words in WORDS_FIRST)
_THEN = tuple((kind, re.compile(words)) for kind, words in WORDS)
NETWORK = re.compile(r"E[A-Z]{4,}|Connection[A-Z]\w*|FailedToOpenSocket")
# where the client's own words have the status: never a number in the middle of a text
HTTP_STATUS = re.compile(
    r"^(?:API Error(?: \([^()]*\))?: )?(?:Repeated )?([45]\d\d)\b|"
    r"^(?:Failed to authenticate\.|Please run /login ·) API Error: ([45]\d\d)\b|^API Error \(([45]\d\d)\b|"
    r"^API Error: Request rejected \(([45]\d\d)\)|\bHTTP ([45]\d\d)\b[^()]*\)"
)


def class_of(status: str | None, message: str) -> ApiClass:
    """Name the class of a failure by its status and the client's own words, never by a number in a text."""
    first = _said(_FIRST, message) or _said(_FIRST, status or "")
    if first is not None:
        return first
    by_http = _of_http(status or "")
    if by_http is not None:
        return by_http
    if status and NETWORK.fullmatch(status):
        return ApiClass.CONNECTION
    return _said(_THEN, message) or _said(_THEN, status or "") or BY_FIELD.get(status or "", ApiClass.OTHER)


def class_of_field(field: str) -> ApiClass:
    """Name the class that a field alone tells: an HTTP status, or the client's or the API's word for it."""
    return _of_http(field) or BY_FIELD.get(field, ApiClass.OTHER)


def contradict(one: ApiClass, other: ApiClass) -> bool:
    """Say whether two classes cannot be meant of one failure. What nothing names contradicts nothing."""
    return ApiClass.OTHER not in (one, other) and one is not other and frozenset((one, other)) not in KIN


def http_status_in(text: str) -> str | None:
    """Return the HTTP status that the client's words of a failure begin with, or that they name as such."""
    found = HTTP_STATUS.search(text)
    return found.group(found.lastindex or 0) if found else None


def says_failure(text: str) -> bool:
    """Say whether what the client put in the model's place is a failure: it has other words of its own, too."""
    return text.startswith("API Error") or class_of(None, text) is not ApiClass.OTHER


def _said(words: tuple[tuple[ApiClass, re.Pattern[str]], ...], text: str) -> ApiClass | None:
    return next((kind for kind, said in words if said.search(text)), None)


def _of_http(status: str) -> ApiClass | None:
    if not re.fullmatch(r"[45]\d\d", status):
        return None
    code = int(status)
    return BY_HTTP.get(code) or (ApiClass.REQUEST if code < SERVER_FAILS else ApiClass.SERVER_ERROR)
