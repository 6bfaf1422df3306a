"""A session's review with its evidence numbered, as the templates see it."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.render.outline import SECTIONS
from forensics.render.views import Excluded, Exhibits, FactorView, FigureView, Related, ReviewView, Sentence
from forensics.review import Factor, Review, Told


def view_review(review: Review, names: Mapping[str, str], exhibits: Exhibits) -> ReviewView:
    """Give every line that a review rests on its number. ``names`` are those of the rules with findings, by code."""
    return ReviewView(
        figures=tuple(FigureView(f.name, f.value, f.claim, exhibits.unique(f.refs)) for f in review.figures),
        factors=tuple(_factor(f, names, exhibits) for f in review.factors),
        worked=tuple(_sentence(told, exhibits) for told in review.worked),
        lucky=tuple(_sentence(told, exhibits) for told in review.lucky),
        excluded=tuple(Excluded(e.cause, _sentence(e.told, exhibits)) for e in review.excluded),
    )


def _sentence(told: Told, exhibits: Exhibits) -> Sentence:
    return Sentence(told.text, told.claim, tuple(e.number for e in exhibits.unique(told.refs)))


def _factor(factor: Factor, names: Mapping[str, str], exhibits: Exhibits) -> FactorView:
    related = tuple(Related(c, names[c], SECTIONS.get(c, "")) for c in factor.codes if c in names)
    return FactorView(_sentence(factor.told, exhibits), related)
