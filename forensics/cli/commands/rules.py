"""``forensics rules`` and ``forensics explain``: the catalogue."""

from __future__ import annotations

from typing import Annotated

import typer

from forensics.cli.intake import rules_in_force
from forensics.cli.options import Configuration, RulesFormat, Trust
from forensics.cli.run import guarded, show
from forensics.cli.terminal import terminal


def rules(
    output_format: Annotated[
        RulesFormat, typer.Option("--format", help="How to list the rules.")
    ] = RulesFormat.TABLE,
    config: Configuration = None,
    *,
    trust_config: Trust = False,
) -> None:
    """List the rules, yours too, with the thresholds in force."""
    with guarded():
        from forensics.render.answers import catalogue

        listed = rules_in_force(config, trust=trust_config)
        match output_format:
            case RulesFormat.TABLE:
                show(catalogue.as_table(listed, **terminal()))
            case RulesFormat.JSON:
                show(catalogue.as_json(listed))
            case RulesFormat.MARKDOWN:
                show(catalogue.as_markdown(listed))


def explain(
    code: Annotated[str, typer.Argument(help="A rule's code, e.g. CCF102, or its name.", show_default=False)],
    config: Configuration = None,
    *,
    trust_config: Trust = False,
) -> None:
    """Print a rule's documentation."""
    with guarded():
        from forensics.cli.ruleset import rule_asked_for
        from forensics.render.answers import catalogue

        rule = rule_asked_for(rules_in_force(config, trust=trust_config), code)
        show(catalogue.explain(rule, **terminal()))
