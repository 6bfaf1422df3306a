"""Which failures of the model API are told apart, and how many tries each of them ends."""

from __future__ import annotations

import json

import pytest

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.schema.api_failures import ApiClass, class_of, http_status_in
from forensics.session.services.api_failures import MOST_KEPT, failures

SESSION = "5e551011-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("529", "API Error: 529 Overloaded", ApiClass.OVERLOADED),
        ("500", "API Error: 500 {}", ApiClass.SERVER_ERROR),
        ("429", "API Error: Server is temporarily limiting requests (not your usage limit) · Rate limited", ApiClass.RATE_LIMIT),
        ("rate_limit", "You're out of extra usage · resets 2pm (Europe/Berlin)", ApiClass.USAGE_LIMIT),
        ("rate_limit", "You've hit your session limit · resets 3pm", ApiClass.USAGE_LIMIT),
        (None, "Claude AI usage limit reached|1760000000", ApiClass.USAGE_LIMIT),
        ("429", 'API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account\'s rate limit."}}', ApiClass.RATE_LIMIT),
        ("Request timed out", "Request timed out.", ApiClass.TIMEOUT),
        ("ECONNRESET", "Stream connection error (ECONNRESET)", ApiClass.CONNECTION),
        ("ConnectionRefused", "", ApiClass.CONNECTION),
        ("FailedToOpenSocket", "", ApiClass.CONNECTION),
        ("401", "API Error: 401 {}", ApiClass.AUTHENTICATION),
        ("authentication_failed", "Invalid API key · Please run /login", ApiClass.AUTHENTICATION),
        (None, "Invalid API key · Fix external API key", ApiClass.AUTHENTICATION),
        ("403", "API Error: 403 {}", ApiClass.FORBIDDEN),
        ("400", "API Error: 400 invalid x-api-key", ApiClass.REQUEST),
        ("Request was aborted", "Request was aborted.", ApiClass.ABORTED),
        (None, "API Error: Connection closed mid-response. The response above may be incomplete.", ApiClass.CONNECTION),
        (None, "Prompt is too long", ApiClass.TOO_LARGE),
        ("max_output_tokens", "API Error: Claude's response exceeded the 64000 output token maximum.", ApiClass.TOO_LARGE),
        ("400", "API Error: 400 {}", ApiClass.REQUEST),
        ("404", 'API Error: 404 {"type":"error","error":{"type":"not_found_error"}}', ApiClass.REQUEST),
        ("400", "Credit balance is too low (HTTP 400)", ApiClass.CREDIT),
        (None, "You've hit your limit · resets 3pm", ApiClass.USAGE_LIMIT),
        (None, "You've hit your org's monthly spend limit", ApiClass.USAGE_LIMIT),
        (None, "You've reached your weekly limit", ApiClass.USAGE_LIMIT),
        (None, "Opus weekly limit reached ∙ resets Oct 10 at 3pm", ApiClass.USAGE_LIMIT),
        (None, "Spending cap reached resets 12am", ApiClass.USAGE_LIMIT),
        (None, "You're out of extra usage", ApiClass.USAGE_LIMIT),
        ("400", 'API Error: 400 {"error":{"message":"You have reached your specified API usage limits. You will regain access on 2027-01-01"}}', ApiClass.USAGE_LIMIT),
        ("429", "API Error: Extra usage is required for long context requests", ApiClass.USAGE_LIMIT),
        ("429", "API Error: You have reached your rate limit", ApiClass.RATE_LIMIT),
        (None, "Credit balance too low · Add funds", ApiClass.CREDIT),
        (None, "Context limit reached · /compact or /clear to continue", ApiClass.TOO_LARGE),
        (None, "Conversation too long. Press esc twice to go up a few messages and try again.", ApiClass.TOO_LARGE),
        (None, "API Error: The model has reached its context window limit.", ApiClass.TOO_LARGE),
        ("400", 'API Error: 400 {"error":{"message":"A maximum of 100 PDF pages may be provided."}}', ApiClass.TOO_LARGE),
        ("400", "API Error: 400 messages.4.content.1.image.source.base64: image exceeds 5 MB maximum", ApiClass.TOO_LARGE),
        ("400", "API Error: 400 max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens", ApiClass.TOO_LARGE),
        ("unknown", "API Error: Opus is experiencing high load, please use /model to switch", ApiClass.OVERLOADED),
        ("unknown", "There's an issue with the selected model (claude-x). It may not exist.", ApiClass.REQUEST),
        ("authentication_failed", "Not logged in · Please run /login", ApiClass.NO_LOGIN),
        ("invalid_request", "API Error: Claude Code is unable to respond to this request, which appears to violate our Usage Policy", ApiClass.REFUSAL),
        ("unknown", "API Error: Unable to connect to API (FailedToOpenSocket)", ApiClass.CONNECTION),
        (None, "API Error: The socket connection was closed unexpectedly. For more information, pass `verbose: true`", ApiClass.CONNECTION),
        ("connection_failed", "API Error: Connection dropped (ECONNRESET). Check the gateway", ApiClass.CONNECTION),
        ("server_error", "API Error: Connection dropped (ECONNRESET). Check the gateway", ApiClass.CONNECTION),
        (None, "API Error: getaddrinfo ENOTFOUND api.anthropic.com", ApiClass.CONNECTION),
        (None, "API Error: self-signed certificate in certificate chain", ApiClass.CONNECTION),
        ("529", "Repeated 529 Overloaded errors", ApiClass.OVERLOADED),
        (None, "API Error: Overloaded", ApiClass.OVERLOADED),
        ("server_error", "API Error: something that nobody knows", ApiClass.SERVER_ERROR),
        (None, "API Error: something that nobody knows", ApiClass.OTHER),
        (None, "", ApiClass.OTHER),
    ],
)  # fmt: skip
def test_a_failure_is_of_one_class(status, message, kind):
    assert class_of(status, message) is kind


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("API Error: 529 Overloaded", "529"),
        ("Repeated 529 Overloaded errors", "529"),
        ("API Error: Repeated 529 Overloaded errors", "529"),
        ("API Error (claude-haiku): 403 {}", "403"),
        ("API Error: Request rejected (429) · This request would exceed", "429"),
        ("Invalid API key (error type authentication_failed, HTTP 401, request id req_1)", "401"),
        ("Credit balance is too low (HTTP 400)", "400"),
        ('Failed to authenticate. API Error: 403 {"error":{"message":"Request not allowed"}}', "403"),
        ("Please run /login · API Error: 401 {}", "401"),
        ("API Error: exceeded 500 requests", None),
        ("the HTTP 500 that was meant", None),
    ],
)
def test_a_status_is_one_only_where_the_clients_words_name_it(text, status):
    assert http_status_in(text) == status


def line(number, kind, **more):
    at = f"2026-03-02T10:00:{number:02d}.000Z"
    record = {"type": kind, "sessionId": SESSION, "version": "2.1.3", "uuid": f"u{number}", "timestamp": at}
    return json.dumps(record | more)


def said(number, text, **more):
    message = {"role": "assistant", "id": f"m{number}", "content": [{"type": "text", "text": text}]}
    return line(number, "assistant", message=message, **more)


def tried(number, attempt, error=""):
    return line(
        number,
        "system",
        subtype="api_error",
        error={"message": error} if error else {},
        retryAttempt=attempt,
    )


def failed(number):
    return said(number, "Request timed out", isApiErrorMessage=True)


def found(folder, *lines):
    (folder / f"{SESSION}.jsonl").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    (session,) = analyse(Request([folder])).sessions
    return failures(session.case)


def test_tries_belong_to_the_failure_that_they_end_in(tmp_path):
    (failure,) = found(tmp_path, tried(1, 1), tried(2, 2), failed(3))
    assert (failure.attempts, len(failure.tries), failure.recovered) == (3, 2, None)


def test_tries_before_an_answer_belong_to_no_later_failure(tmp_path):
    (failure,) = found(tmp_path, tried(1, 1), tried(2, 2), said(3, "Here."), failed(4))
    assert (failure.attempts, failure.tries) == (None, ())


def test_the_turn_with_the_most_tries_is_told(tmp_path):
    (failure,) = found(
        tmp_path, tried(1, 1), failed(2), tried(3, 1), tried(4, 2), failed(5), failed(6), said(7, "Here.")
    )
    assert (failure.attempts, len(failure.tries), failure.count) == (3, 2, 3)
    assert failure.last == failure.events[-1]
    assert failure.recovered is not None


@pytest.mark.parametrize(
    ("turns", "headline", "figure"),
    [
        ([3, 3], "in 4 tries in each of 2 turns, and the main agent gave up", "2, each after 4 tries, 4 s in retries"),
        ([1, 3], "in up to 4 tries, and the main agent gave up, in 2 turns", "2, after up to 4 tries, 2 s in retries"),
        ([3], "in 4 tries, and the main agent gave up", "1, after 4 tries, 2 s in retries"),
    ],
)  # fmt: skip
def test_the_tries_of_every_turn_are_added_up(tmp_path, turns, headline, figure):
    lines = []
    for tries in turns:
        lines += [tried(len(lines) + n, n) for n in range(1, tries + 1)]
        lines.append(failed(len(lines) + 1))
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    (session,) = analyse(Request([tmp_path])).sessions
    told = [f.message for f in session.findings if f.rule == "CCF206"]
    assert told == [f"The model API did not answer in time {headline}"]
    given_up = {f.name: f.value for f in session.review.figures}["requests to the model API given up"]
    assert given_up == figure


def test_of_very_many_failures_the_first_are_kept_and_all_are_counted(tmp_path):
    (failure,) = found(tmp_path, *(failed(number) for number in range(1, 41)))
    assert (failure.count, len(failure.events)) == (40, MOST_KEPT)
    assert failure.last not in failure.events


@pytest.mark.parametrize("is_given_up", [False, True])
def test_a_request_that_timed_out_is_counted_once(tmp_path, is_given_up):
    last = failed(2) if is_given_up else said(2, "Here.")
    lines = (tried(1, 1, "Request timed out."), last)
    (tmp_path / f"{SESSION}.jsonl").write_text("".join(one + "\n" for one in lines), encoding="utf-8")
    told = {f.name: f.value for f in analyse(Request([tmp_path])).sessions[0].review.figures}
    timed_out, given_up = "requests to the model API that timed out", "requests to the model API given up"
    assert (told.get(timed_out), told.get(given_up)) == (
        (None, "1, after 2 tries") if is_given_up else ("1", None)
    )


def test_what_a_retry_cured_is_no_failure(tmp_path):
    assert found(tmp_path, tried(1, 1), said(2, "Here.")) == ()
