"""CCF105: an edit is refused as the file changed since it was read. What it says stands in the file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import agent_name, clock_time, place
from forensics.rulekit.whereabouts import copies
from forensics.session.agents.overlap import without_records
from forensics.session.files import refused_edits
from forensics.session.files.refused_edits import CollidedEdit, RefusedEdit

SHOWN = 5  # refused edits of one file that are cited
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF105",
    topic="1.1",
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    any_of=Source.TRANSCRIPT,
    reads=("files",),
    over=("files",),
    related=("CCF101", "CCF104"),
)
def stale_edit_collision(case: Case) -> Iterator[Said]:
    """Find edits that were refused because the file had changed since the agent read it."""
    if not refused_edits.edits_in(case):
        yield TEXT.not_applicable("no-edits")
        return
    yield from (_collision(case, edits) for edits in refused_edits.collided_edits(case))
    yield from (_unexplained(case, edits) for edits in refused_edits.unexplained_edits(case))
    silent = without_records(case)
    if silent:
        yield TEXT.insufficient("no-records", silent=len(silent))


def _collision(case: Case, edits: Sequence[CollidedEdit]) -> Hit:
    """Make one finding of an agent and a file that another agent had changed."""
    edit, refused, written = edits[0], edits[0].refused, edits[0].written
    who, other = agent_name(case, refused.agent_id), agent_name(case, written.agent_id)
    say = TEXT.saying(path=refused.path, who=who, other=other, refused_at=clock_time(refused.answered))
    return say.hit(
        "collided",
        subject=f"{refused.path.rpartition('/')[2]}|{who}|{other}",
        apart=place(case, refused.path),
        agent_id=refused.agent_id,
        cites=[event for e in edits[:SHOWN] for event in e.events],
        facts={
            "path": refused.path,
            "agents": [refused.agent_id or "main", written.agent_id or "main"],
            "refusals": len(edits),
            "prevented": not edit.is_text_gone,
        },
        statements=(
            _written(say, edit),
            say.sentence("text-gone" if edit.is_text_gone else "file-changed", *edit.refusal),
            _then(case, say, edits[-1]),
        ),
    )


def _written(say: Saying, edit: CollidedEdit) -> Statement:
    """Say in which order the two agents came to the file."""
    say = say.also(written_at=clock_time(edit.written.answered))
    if edit.known is None:
        return say.sentence("written", *edit.events)
    before = "read-before" if edit.known.tool == "Read" else "wrote-before"
    return say.sentence(before, *edit.events, known_at=clock_time(edit.known.called))


def _then(case: Case, say: Saying, edit: RefusedEdit) -> Statement:
    """Say whether the agent wrote the file after all: its change would be missing otherwise."""
    again = refused_edits.write_after(case, edit.refused)
    if again is None:
        return say.sentence("not-written-again", *edit.refusal)
    at = clock_time(again.answered)
    return say.sentence("written-again", *edit.refusal, again.call_event, again_at=at)


def _unexplained(case: Case, edits: Sequence[RefusedEdit]) -> Hit:
    """Make one finding of an agent and a file of which nothing says who changed it."""
    refused, who = edits[0].refused, agent_name(case, edits[0].refused.agent_id)
    commands = refused_edits.commands_before(case, edits[0])
    say = TEXT.saying(path=refused.path, who=who, times=len(edits), copies=copies(case.session_id))
    cites = [event for e in edits[:SHOWN] for event in (*e.refusal, e.known_by)]
    ran = "one-command" if len(commands) == 1 else "several-commands"
    return say.hit(
        "unexplained",
        subject=f"{refused.path.rpartition('/')[2]}|{who}",
        apart=place(case, refused.path),
        agent_id=refused.agent_id,
        severity=Severity.NOTE,
        # without times a writer among the agents may be the cause, and not be seen as one
        contract_held=None if case.span[0] is None else True,
        cites=cites,
        facts={
            "path": refused.path,
            "agents": [refused.agent_id or "main"],
            "refusals": len(edits),
            "commands_between": len(commands),
        },
        statements=(
            say.sentence("refused-often" if len(edits) > 1 else "refused", *cites),
            say.sentence("no-other-writer", *cites),
            *([say.sentence(ran, *commands[:SHOWN], commands=len(commands))] if commands else []),
            say.sentence("who-else", *edits[0].refusal),
            _then(case, say, edits[-1]),
        ),
    )
