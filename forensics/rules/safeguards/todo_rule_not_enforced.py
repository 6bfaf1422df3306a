"""CCF302: the tool took a list that has several items in progress. Its words stand in the TOML file beside it."""

from __future__ import annotations

from collections.abc import Iterator

from forensics.rulekit import Case, Confidence, Finding, Hit, Nature, Said, Severity, Source, rule, words
from forensics.rulekit.names import agent_name
from forensics.session.lists.taken_lists import has_lists, is_several_refused, taken_list

SEVERAL = "CCF102"
TEXT = words(__file__)


@rule(
    TEXT,
    code="CCF302",
    topic="3.2",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    nature=Nature.CONTROL_GAP,
    any_of=frozenset({Source.TRANSCRIPT, Source.TODO_FILE, Source.TASK_FILE}),
    reads=("lists",),
    related=(SEVERAL,),
    reads_findings=True,
    expectation="todo-rule",
)
def todo_rule_not_enforced(case: Case) -> Iterator[Said]:
    """Say of each list with several items in progress that the tool took it: nothing enforces the rule."""
    found = case.found(SEVERAL)
    yield from (_hit(case, finding) for finding in found)
    if found:
        return
    if not has_lists(case) and Source.TRANSCRIPT not in case.sources:
        yield TEXT.insufficient("no-history")
    elif not has_lists(case):
        yield TEXT.not_applicable("no-list")
    elif not is_several_refused(case):
        yield TEXT.not_applicable("none-lasted")


def _hit(case: Case, finding: Finding) -> Hit:
    cited = [e.event_id for e in finding.evidence]
    made, several = taken_list(case, cited), finding.facts.get("in_progress")
    events = made.events if made.calls else cited[:1]
    say = TEXT.saying(
        tool=" and ".join(made.tools),
        who=agent_name(case, finding.agent_id),
        several=several,
    )
    return say.hit(
        "accepted" if made.is_taken else "not-refused",
        subject=finding.fingerprint,
        agent_id=finding.agent_id,
        contract=finding.contract,
        contract_held=None,
        facts={"in_progress": several, "accepted": made.is_taken, "explains": finding.fingerprint},
        cites=events,
        statements=(
            say.sentence("took" if made.is_taken else "no-refusal", *events),
            say.sentence("no-hook", *events),
        ),
    )
