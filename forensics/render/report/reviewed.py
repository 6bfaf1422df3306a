"""A session's review with its evidence numbered, as the templates see it."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.analysis.review.shape import Factor, Review, Told
from forensics.render.report.exhibits import Exhibits, Related, Sentence
from forensics.render.report.outline import section_of
from forensics.render.report.review_views import Excluded, FactorView, FigureView, ReviewView
from forensics.rulekit.rule import Rule


def view_review(review: Review, rules: Mapping[str, Rule], exhibits: Exhibits) -> ReviewView:
    """Give every line that a review rests on its number. ``rules`` are those with findings, by code."""
    return ReviewView(
        figures=tuple(FigureView(f.name, f.value, f.claim, exhibits.unique(f.refs)) for f in review.figures),
        factors=tuple(_factor(f, rules, exhibits) for f in review.factors),
        worked=tuple(_sentence(told, exhibits) for told in review.worked),
        lucky=tuple(_sentence(told, exhibits) for told in review.lucky),
        excluded=tuple(Excluded(e.cause, _sentence(e.told, exhibits)) for e in review.excluded),
    )


def _sentence(told: Told, exhibits: Exhibits) -> Sentence:
    return Sentence(told.text, told.claim, tuple(e.number for e in exhibits.unique(told.refs)))


def _factor(factor: Factor, rules: Mapping[str, Rule], exhibits: Exhibits) -> FactorView:
    related = tuple(Related(c, rules[c].name, section_of(rules[c])) for c in factor.codes if c in rules)
    return FactorView(_sentence(factor.told, exhibits), related)
