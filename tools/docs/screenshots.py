"""Write docs/terminal.svg, the packaged incident on a terminal: ``python -m tools.docs.screenshots``.

The picture loads nothing: its font is whatever monospaced one the reader has.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from forensics.analysis.engine import analyse
from forensics.analysis.request import Request
from forensics.render.report.screen.report import to_screen

CHECKOUT = Path(__file__).parents[2]
INCIDENT = CHECKOUT / "fixtures" / "incident-2025-10-21" / "input"
PICTURE = CHECKOUT / "docs" / "terminal.svg"
COLUMNS, MARGIN = 112, 2
THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [(72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65),
     (121, 192, 255), (210, 168, 255), (86, 212, 221), (201, 209, 217)],
)  # fmt: skip
FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
FORMAT = f"""\
<svg class="rich-terminal" viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg">
<title>forensics report on a terminal</title>
<style>
.{{unique_id}}-matrix {{{{ font-family: {FONT}; font-size: {{char_height}}px; line-height: {{line_height}}px; }}}}
.{{unique_id}}-title {{{{ font-family: {FONT}; font-size: 18px; font-weight: bold; }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}" />
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


def picture() -> str:
    """Return the picture."""
    shown = to_screen(analyse(Request([INCIDENT])), width=COLUMNS, color=True)
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS + MARGIN, color_system="truecolor", force_terminal=True
    )
    console.print(Text("$ forensics report logs/", style="bold"))
    console.print(Text.from_ansi(shown), soft_wrap=True)
    svg = console.export_svg(title="forensics", theme=THEME, code_format=FORMAT, unique_id="forensics")
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines())


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
