"""CCF407: a hook that fails, or denies the same call, again and again. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.privacy.redact import redact
from forensics.rulekit import Case, Confidence, Hit, Said, Severity, Source, rule, words
from forensics.rulekit import EventKind as K
from forensics.rulekit.names import agent_name
from forensics.session.services.hooks import (
    DENIES,
    DeniedCall,
    FailingHook,
    HookEnd,
    denied_calls,
    failing_hooks,
    without_folders,
)

HOW = {
    HookEnd.TIMED_OUT: "timed-out",
    HookEnd.NOT_RUN: "not-run",
    HookEnd.EXIT_CODE: "exit-code",
    HookEnd.CANCELLED: "cancelled",
    HookEnd.FAILED: "failed",
}
SHOWN, MOST_CITED = 80, 20  # characters of a command, lines of one kind
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF407",
    topic="4.6",
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    any_of=frozenset({Source.CLAUDE_DEBUG, Source.OTEL, Source.TRANSCRIPT, Source.CONSOLE}),
    reads=("hooks",),
    related=("CCF408",),
)
def hook_failing(case: Case, *, errors: int = 3, denials: int = 3) -> Iterator[Said]:
    """Find hooks that fail again and again, and calls that a hook denies again and again."""
    found = [_failing(hook) for hook in failing_hooks(case, errors)]
    found += [_denied(case, call) for call in denied_calls(case, denials)]
    yield from found or _not_told(case, denials)


def _not_told(case: Case, denials: int) -> Iterator[Said]:
    """Say what the evidence leaves out, where it shows no failing hook."""
    ran, refused = case.of(K.HOOK_RAN), case.of(K.HOOK_DENIED)
    if ran.is_empty() and refused.is_empty():
        if case.sources & {Source.CLAUDE_DEBUG, Source.OTEL}:
            yield TEXT.not_applicable("no-hook")
        else:
            yield TEXT.insufficient("no-debug-log")
    elif refused.height >= denials and Source.TRANSCRIPT not in case.sources:
        yield TEXT.insufficient("no-transcript")
    elif ran["status"].drop_nulls().is_empty():
        yield TEXT.insufficient("no-outcomes")


def _failing(hook: FailingHook) -> Hit:
    command, cited = hook.command and redact(hook.command), hook.records[:MOST_CITED]
    for_event = "hook-for" if command else "a-hook-for"  # without its command it may be another each time
    say = TEXT.saying(
        hook=TEXT.part(for_event if hook.event else "some-hook", event=hook.event),
        named=TEXT.part("named", command=command[:SHOWN]) if command else TEXT.part("not-named"),
        how=TEXT.part(HOW[hook.end], status=hook.statuses[0]),
        times=len(hook.records),
    )
    message, told = ("failing-once", "failed-once") if len(cited) == 1 else ("failing", "failed-often")
    return say.hit(
        message,
        subject=f"{hook.event or ''}|{without_folders(hook.command)}",
        facts={
            "hook": hook.event,
            "command": command,
            "occurrences": len(hook.records),
            "statuses": [*hook.outcomes],
            "denied": False,
        },
        cites=cited,
        statements=(
            *(say.sentence(name, *cited) for name in (told, "went-on")),
            say.sentence("why", hook.records[0]),
        ),
    )


def _denied(case: Case, call: DeniedCall) -> Hit:
    command, cited = call.command and redact(call.command), call.results[:MOST_CITED]
    named = TEXT.part("of-command", command=command[:SHOWN], tool=call.tool) if command else None
    say = TEXT.saying(
        call=named or TEXT.part("of-tool", tool=call.tool),
        tool=call.tool,
        who=agent_name(case, call.agent_id),
        times=len(call.results),
    )
    return say.hit(
        "denying",
        subject=f"denied|{call.tool}|{without_folders(command)}",
        apart=call.digest,
        agent_id=call.agent_id,
        facts={
            "hook": f"PreToolUse:{call.tool}",
            "command": command,
            "occurrences": len(call.results),
            "statuses": [DENIES],
            "denied": True,
        },
        cites=cited,
        statements=(
            say.sentence("denied-often", *call.calls[:MOST_CITED], *cited),
            say.sentence("other-way", call.results[0]),
        ),
    )
