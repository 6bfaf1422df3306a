"""What an experienced reviewer says of a session beside its findings, each part by itself.

Everything here is observed or derived, and shows its lines; what the record does not settle is not said. A part that
fails costs itself and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from forensics.analysis.citations import Citations
from forensics.analysis.review.basis import Basis
from forensics.analysis.review.exclusions import exclusions_of
from forensics.analysis.review.factors import factors_of
from forensics.analysis.review.figures import figures_of
from forensics.analysis.review.held import held_of
from forensics.analysis.review.luck import luck_of
from forensics.analysis.review.shape import Review
from forensics.session.model.case import Case

T = TypeVar("T")
Failed = Callable[[str, Exception], None]


def review_of(case: Case, citations: Citations, failed: Failed) -> Review:
    """Review a session from its case with all findings. ``failed`` is told which part failed, and how."""
    basis = Basis(case, citations)

    def part(name: str, tell: Callable[[Basis], Iterable[T]]) -> tuple[T, ...]:
        try:
            return tuple(tell(basis))
        except Exception as error:  # noqa: BLE001 - as for a rule: one broken part must not cost the others
            failed(f"review-{name}", error)
            return ()

    return Review(
        figures=part("figures", figures_of),
        factors=part("factors", factors_of),
        worked=part("worked", held_of),
        lucky=part("lucky", luck_of),
        excluded=part("excluded", exclusions_of),
    )
