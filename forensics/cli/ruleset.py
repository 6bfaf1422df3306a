"""The rules of a run: ours and the user's, as the configuration sets them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forensics.cli.config import Config
from forensics.errors import UsageError
from forensics.rulekit.own_rules import from_distributions, from_files, together
from forensics.rulekit.rule import Rule, rule_named
from forensics.rules import RULES
from forensics.text.nearest import nearest


def rules_of(config: Config) -> tuple[Rule, ...]:
    """Return the rules in force, in the order of their codes.

    Raises ``UsageError`` where the configuration names code and is not trusted, ``BadRuleError`` and ``ConfigError``
    for what cannot be used of it.
    """
    if config.rules and not config.trusted:
        msg = (
            f"{config.path}: rules: {', '.join(config.rules)}: rules are code, and this file was only found here, not "
            f"named; if you trust it, say --config {config.path} or --trust-config"
        )
        raise UsageError(msg)
    folder = config.path.parent if config.path is not None else Path()
    own = (*from_files(config.rules, folder), *from_distributions())
    return config.bind(together(RULES, own))


def rule_asked_for(rules: Sequence[Rule], name: str) -> Rule:
    """Return the rule of a code or a name. Raises ``UsageError`` for one that no rule has."""
    rule = rule_named(rules, name)
    if rule is None:
        known = ", ".join(r.code for r in rules)
        msg = f"no rule {name}; {nearest(name, [n for r in rules for n in (r.code, r.name)])}; the codes are {known}"
        raise UsageError(msg)
    return rule
