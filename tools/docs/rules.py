"""Write docs/rules.md and the table of rules in README.md: ``python -m tools.docs.rules``."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.render.answers.catalogue import as_markdown
from forensics.rules import RULES
from forensics.schema.finding import Nature

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "rules.md"
README = CHECKOUT / "README.md"
TABLE = re.compile(r"(<!-- rules -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page() -> str:
    """Return the text of docs/rules.md."""
    return as_markdown(RULES)


def readme_of(text: str) -> str:
    """Return the README with its table of rules made anew."""
    gap = {Nature.CONTROL_GAP: " (control gap)", Nature.EVENT: ""}
    rows = "".join(f"| {r.code} | {r.title}{gap[r.nature]} |\n" for r in RULES)
    return TABLE.sub(lambda found: f"{found[1]}| code | what it finds |\n|---|---|\n{rows}", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme_of(README.read_text(encoding="utf-8")), encoding="utf-8")
