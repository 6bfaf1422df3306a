"""The top of a session on a terminal: how it ended and what proves it, in a frame; and its bare facts below."""

from __future__ import annotations

from rich.text import Text

from forensics.analysis.session_analysis import Verdict
from forensics.render.markup import capitalised
from forensics.render.report.screen.page import QUIET, Page
from forensics.render.report.views import Incident
from forensics.schema.finding import Claim

BAD = (Verdict.CRASHED, Verdict.KILLED, Verdict.ERROR_RESULT, Verdict.NEVER_STARTED)
LABEL = 10  # columns of a fact's name and the blanks behind it


def print_verdict(page: Page, incident: Incident, *, in_short: bool = False) -> None:
    """Print the verdict with its proof, then the facts; ``in_short`` only those that tell sessions apart."""
    style = _style(incident.verdict)
    title = page.text(" ".join(p for p in (incident.label, incident.verdict) if p), f"bold {style}")
    proof = page.claimed(capitalised(incident.proof), Claim.DERIVED)
    page.panel(title, [page.text(incident.headline, "bold"), proof], style)
    refs = [e.ref for e in incident.proof_exhibits]
    if refs:
        page.places(_label("shown by"), refs)
    page.flow(_label("session"), [page.text(incident.session_id)])  # whole: it is copied
    if not in_short:
        page.hanging(_label("record"), page.text(incident.duration))
        page.hanging(_label("client"), page.text(incident.client))
        page.flow(_label("project"), [page.text(incident.project)])
    if in_short and not incident.is_clean:
        page.hanging(_label("impact"), page.claimed(incident.impact, Claim.DERIVED))


def _label(name: str) -> Text:
    return Text(f"  {name:<{LABEL}}", style=QUIET)


def _style(verdict: str) -> str:
    if verdict == Verdict.CLEAN:
        return "green"
    return "red" if verdict in BAD else "yellow"
