"""A bar on standard error that says how far a run is: after a moment only, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column

from forensics.evidence.progress import Phase, Progress, Standing
from forensics.privacy.redact import redact
from forensics.text.controls import plain

PATIENCE_S = 0.8  # a run that is shorter shows nothing
NAMED_FROM = 70  # columns from which there is room for names
WIDEST_BAR = 30
MEGABYTE = 1_000_000


@contextmanager
def progress_bar(*, shown: bool, ascii_only: bool = False, named: bool = True) -> Iterator[Progress | None]:
    """Yield what is to be told how far a run is; nothing where no bar is to be ``shown``.

    Files and sessions are ``named``, unless names are not to be seen.
    """
    if not shown:
        yield None
        return
    bar = _Bar(ascii_only=ascii_only, named=named)
    timer = Timer(PATIENCE_S, bar.appear)
    timer.daemon = True
    timer.start()
    try:
        yield bar.tell
    finally:
        timer.cancel()
        bar.vanish()


class _Bar:
    """A bar that is drawn from the last step that it was told, once it has appeared."""

    def __init__(self, *, ascii_only: bool, named: bool) -> None:
        self._ascii_only, self._named = ascii_only, named
        self._lock = Lock()
        self._last: Standing | None = None
        self._drawn: tuple[RichProgress, TaskID] | None = None
        self._is_over = False

    def tell(self, step: Standing) -> None:
        """Take a step."""
        self._last = step
        if self._drawn is not None:
            self._update(step)

    def appear(self) -> None:
        """Begin to draw, in the timer's thread."""
        with self._lock:
            if self._is_over:
                return
            drawn = _rich_bar(ascii_only=self._ascii_only)
            task = drawn.add_task("", total=None, phase="", name="", amount="")
            self._drawn = (drawn, task)
            self.tell(self._last or Standing(Phase.FINDING, "", 0, None))
            drawn.start()

    def vanish(self) -> None:
        """Take the bar away, whatever ended the run: the terminal is as it was."""
        with self._lock:
            self._is_over = True
            if self._drawn is not None:
                self._drawn[0].stop()

    def _update(self, step: Standing) -> None:
        if self._drawn is None:
            return
        bar, task = self._drawn
        bar.update(
            task,
            phase=step.phase.value,
            completed=step.done,
            total=step.total or None,
            name=plain(redact(step.name.rpartition("/")[2])) if self._named else "",
            amount=_amount(step),
        )


def _amount(step: Standing) -> str:
    if step.phase is Phase.JUDGING:
        return f"{step.done + 1} of {step.total}"
    megabytes = f"{step.done / MEGABYTE:.0f}"
    return f"{megabytes} MB" if step.total is None else f"{megabytes} of {step.total / MEGABYTE:.0f} MB"


def _rich_bar(*, ascii_only: bool) -> RichProgress:
    """Make the bar; where only ASCII is known it is left out, and the numbers stand alone."""
    console = Console(stderr=True, highlight=False)
    # no text is markup: the name of a file may be anything
    columns: list[ProgressColumn] = [TextColumn("{task.fields[phase]}", style="bold", markup=False)]
    if not ascii_only:
        columns.append(BarColumn(bar_width=None, table_column=Column(ratio=1, max_width=WIDEST_BAR)))
    columns.append(TextColumn("{task.fields[amount]}", style="cyan", markup=False))
    if console.width >= NAMED_FROM:
        rest = Column(ratio=2, no_wrap=True, overflow="crop")
        columns.append(TextColumn("{task.fields[name]}", style="dim", markup=False, table_column=rest))
    # standard output is data, wherever it goes: it is not drawn above the bar
    return RichProgress(
        *columns,
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
