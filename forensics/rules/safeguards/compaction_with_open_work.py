"""CCF307: the context was compacted in the middle of items. What it says of that stands in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from forensics.rulekit import Case, Confidence, Hit, Said, Saying, Severity, Source, Statement, rule, words
from forensics.rulekit.names import agent_name, clock_time
from forensics.rulekit.whereabouts import WORKING_TREE
from forensics.session.lists.compactions import BusyCompaction, busy_compactions, compactions

TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF307",
    topic="3.5",
    severity=Severity.NOTE,
    confidence=Confidence.MEDIUM,
    any_of=Source.TRANSCRIPT,
    reads=("turns", "lists"),
    related=("CCF305",),
)
def compaction_with_open_work(case: Case, *, later_calls: int = 10) -> Iterator[Said]:
    """Find compactions of an agent's context during which its list had items in progress."""
    if compactions(case).is_empty():
        yield TEXT.not_applicable("none")
        return
    yield from (_hit(case, found) for found in busy_compactions(case, later_calls))


def _hit(case: Case, found: BusyCompaction) -> Hit:
    trigger, items = found.trigger or "unknown", found.items
    before, after = found.tokens_before, found.tokens_after
    say = TEXT.saying(
        trigger=trigger,
        n=len(items),
        who=agent_name(case, found.agent_id),
        at=clock_time(found.ts),
        before="" if before is None else TEXT.part("before", tokens=before),
        after="" if after is None else TEXT.part("after", tokens=after),
        items=_quoted(items),
        lost=_quoted(found.lost),
        tree=WORKING_TREE,
    )
    return say.hit(
        "several" if len(items) > 1 else "one",
        subject=f"{trigger}|{'|'.join(sorted(items))}",
        agent_id=found.agent_id,
        severity=Severity.LOW if found.lost else Severity.NOTE,
        contract_held=False if found.lost else None,
        cites=(found.event, *found.made),
        facts={
            "trigger": found.trigger,
            "tokens_before": before,
            "tokens_after": after,
            "items": [*items],
            "not_named_again": [*found.lost],
        },
        statements=_statements(found, say),
    )


def _statements(found: BusyCompaction, say: Saying) -> Iterator[Statement]:
    yield say.sentence("compacted", found.event)
    yield say.sentence("in-progress", *found.made, found.event)
    if found.lost:
        yield say.sentence("not-named", *found.made, found.event)
        yield say.sentence("finished", *found.made)


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f"“{item}”" for item in items)
