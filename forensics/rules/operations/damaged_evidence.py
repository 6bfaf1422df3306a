"""CCF409: records that could not be read, or stand in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from forensics.rulekit.prose import Guidance
from forensics.rulekit.rule import Said, rule
from forensics.schema import CUT_OFF, Row, Source
from forensics.schema import EventKind as K
from forensics.schema.finding import Cite, Claim, Confidence, FactValue, Hit, Severity, Slot, Statement
from forensics.session.model.case import Case
from forensics.session.model.ending import DIED
from forensics.session.model.names import log_of
from forensics.table.order import clock_steps
from forensics.text.durations import duration

LATE = "records that are earlier than the one above them"

GUIDANCE = Guidance(
    contract="Evidence is whole: every line of a log can be read, and stands where it was written.",
    immediate=(
        "Ask for the files again, as they lie on the machine, or packed: not copied out of a terminal or an editor",
        "Where only the last line is cut off, keep it: it shows how far the writer came",
    ),
    this_week=(
        "Let what removes names and keys from logs write valid JSON: replace values, not characters of the line",
    ),
    avoid="Conclude from damaged lines that something did not happen",
    instead="Name what could not be read beside the conclusion, and look at those lines by hand",
    before=("Check free space on the volume that holds the logs: a full disk cuts lines off",),
    after=("Compare the size and the hash of copied logs with the originals",),
    metric="Every line of the evidence could be read, and none stands in the wrong place",
)


@rule(
    code="CCF409",
    topic="4.7",
    name="damaged-evidence",
    title="Damaged evidence",
    severity=Severity.NOTE,
    confidence=Confidence.HIGH,
    any_of=frozenset(Source),
    guidance=GUIDANCE,
    related=("CCF901",),
)
def damaged_evidence(case: Case, *, most_share: float = 0.01) -> Iterator[Said]:
    """Find records that are cut off, cannot be decoded, or stand in the wrong order.

    ## What it detects
    Lines of a session's files that gave no record, or a mended one: no valid JSON, a shape that no record has,
    bytes that are not UTF-8, a record that ends in the middle. One finding for each file and reason, at the first
    such line. Also records of a log of one writer (the client's, an MCP server's) that are earlier than the one
    above them while those behind go on as before. Severity note; low where more than ``most_share`` of a file's
    lines are damaged (0.01), or where the last record is cut off and the session ended abnormally.

    ## Why it matters
    What a damaged line said is not known: every other rule judged without it. Measured on public transcripts:
    1.8 % of all lines, nearly all of them in files in which their author replaced names and keys by hand.

    ## How to fix
    Take logs as files, and let a redactor replace values instead of pieces of lines.

    ## Known misses
    A line that is lost whole leaves no trace. A file of which no line could be read belongs to no session; the list
    of files says what is wrong with it. Text of other programs between the records is no damage, nor is a
    transcript whose records are not in the order of time: the client writes it so. Excerpts are not judged: what
    stands between the lines that somebody pasted may be that person's words. A record of which only the time was
    taken away is undated, and not counted; nor is a file that changed while it was read.
    """
    whole = ~pl.col("file").is_in(list(case.excerpts))
    for row in case.of(K.DAMAGED).filter(whole).iter_rows(named=True):
        yield _hit(case, row, most_share)
    unsifted = case.events.filter(~pl.col("file").is_in(list(case.sifted)))
    late = clock_steps(unsifted, case.excerpts).filter("is_late")
    for part in late.partition_by("file", maintain_order=True):
        yield _out_of_order(case, part)


def _hit(case: Case, row: Row, most_share: float) -> Hit:
    lines, total, reason = row["count"], row["total"], row["status"]
    is_cut = row["component"] == CUT_OFF
    ended_in_it = is_cut and case.ending.verdict in DIED
    is_much = lines > most_share * total and not (is_cut and lines == 1)
    cites = (row["event_id"],)
    share = f"{lines} of {total} lines" if lines > 1 else f"1 line of {total}"
    facts: dict[str, FactValue] = {
        "reason": reason,
        "lines": lines,
        "of_lines": total,
        "first_line": row["line"],
        "source": row["source"],
        "cut_off": is_cut,
    }
    said = [Statement(Slot.HAPPENED, Claim.OBSERVED, f"{share} of a {row['source']} file: {reason}", cites)]
    if ended_in_it:
        text = f"The file's last record is cut off, and the session's end is judged {case.ending.verdict}"
        said.append(Statement(Slot.WHY, Claim.DERIVED, text, cites))
    text = "Findings that need these lines may be missing or incomplete"
    said.append(Statement(Slot.IMPACT, Claim.DERIVED, text, cites))
    return Hit(
        subject=f"{row['source']}|{reason}",
        apart=log_of(case, row["file"]),
        message=f"{share} could not be read as written: {reason}",
        claim=Claim.OBSERVED,
        cites=tuple(Cite(e) for e in cites),
        facts=facts,
        statements=tuple(said),
        severity=Severity.LOW if is_much or ended_in_it else Severity.NOTE,
    )


def _out_of_order(case: Case, late: pl.DataFrame) -> Hit:
    first = late.row(0, named=True)
    most = late["step"].max().total_seconds()  # type: ignore[union-attr]
    cites = (first["above_id"], first["event_id"])
    times = "1 place" if late.height == 1 else f"{late.height} places"
    text = f"At {times} of this log a record is earlier than the one above it, by up to {duration(most)}"
    return Hit(
        subject=f"{case.event(first['event_id'])['source']}|{LATE}",
        apart=log_of(case, first["file"]),
        message=f"Records stand in the wrong order at {times} of a log, by up to {duration(most)}",
        claim=Claim.DERIVED,
        cites=tuple(Cite(e) for e in cites),
        facts={"reason": LATE, "lines": late.height, "first_line": first["line"], "most_s": round(most, 3)},
        statements=(Statement(Slot.HAPPENED, Claim.DERIVED, text, cites),),
    )
