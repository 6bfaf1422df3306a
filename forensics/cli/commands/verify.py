"""``forensics verify``: whether a bundle is what was written, and these are its logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from forensics.cli.commands.report import LINES_AROUND
from forensics.cli.intake import Depth, analysed, rules_in_force
from forensics.cli.options import Asked, Configuration, Trust, VerifyFormat
from forensics.cli.run import EXIT_FINDINGS, EXIT_UNREAD, Run, guarded, show
from forensics.cli.terminal import has_live_stderr, is_ascii_only, terminal
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.analysis.custody.compared import Compared, Verification
    from forensics.analysis.custody.opened import Opened
    from forensics.analysis.custody.written import Manifest

NOT_AGAIN = "the logs were not analysed again, since bundle or logs differ already"


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="ZIP", help="What report --bundle wrote.")],
    logs: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(
            metavar="LOGS",
            help="The logs that it was made of: files, folders, or packed ones, best named as they were then. Without "
            "any, only the bundle itself is checked.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[
        VerifyFormat, typer.Option("--format", help="How to say it.")
    ] = VerifyFormat.TEXT,
    *,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Analyse the logs again, too, and compare what that gives with the bundle: by the same version only.",
        ),
    ] = False,
    config: Configuration = None,
    trust_config: Trust = False,
) -> None:
    """Check a bundle, and the logs that it was made of, and say what differs.

    Exit codes: 0 all the same, 1 something differs, 2 error, 3 logs were named and nothing of them could be compared.
    """
    with guarded() as run:
        from forensics.analysis.custody.opened import open_bundle
        from forensics.render.answers import verification

        if again and not logs:
            msg = "--again: name the logs that the bundle was made of"
            raise UsageError(msg)
        opened = open_bundle(bundle)
        told = _compared(opened, logs or [], config, trust=trust_config)
        if again and (told.differs or told.compared_nothing):
            told = told.with_note(NOT_AGAIN)
        elif again and opened.manifest is not None:
            _require_same_program(told)
            told = told.with_again(_again(opened.manifest, logs or [], config, run, trust=trust_config))
        run.exit_code = run.exit_code or _exit_code(told)  # a rule that failed comes first
        show(
            verification.as_json(told)
            if output_format is VerifyFormat.JSON
            else verification.as_text(told, **terminal())
        )


def _compared(opened: Opened, logs: list[Path], config: Path | None, *, trust: bool) -> Verification:
    from forensics.analysis.custody.verify import verify as verified
    from forensics.cli.progress_bar import progress_bar

    rules = rules_in_force(config, trust=trust)
    with progress_bar(shown=has_live_stderr(), ascii_only=is_ascii_only()) as progress:
        return verified(opened, logs, rules, progress)


def _require_same_program(told: Verification) -> None:
    """Let a second analysis say something only of the logs. Raises ``UsageError``."""
    other = told.other_program
    if other is not None:
        msg = (
            f"--again: {other.name}: {other.why}; leave it out, or take the same version and, with --config, the "
            "configuration that the bundle was made with"
        )
        raise UsageError(msg)


def _again(
    manifest: Manifest, logs: list[Path], config: Path | None, run: Run, *, trust: bool
) -> tuple[Compared, ...]:
    """Make the members anew from the logs, as the manifest says that they were made."""
    from forensics.analysis.custody.verify import made_again
    from forensics.render.bundle.making import members_of

    asked = Asked(
        paths=logs,
        config=config,
        trust_config=trust,
        tz=manifest.zone,
        anonymise=manifest.anonymised,
        no_redact=not manifest.redacted,
    )
    analysis = analysed(asked, run, Depth(around=LINES_AROUND, reviewing=True))
    told = [s for s in analysis.sessions if s.session_id in manifest.sessions]
    return made_again(manifest, members_of(analysis.only(told), manifest.zone))


def _exit_code(told: Verification) -> int:
    from forensics.analysis.custody.compared import ALIKE

    is_whole = all(member.state in ALIKE for member in told.members)
    if is_whole and told.compared_nothing:
        return EXIT_UNREAD
    return EXIT_FINDINGS if told.differs else 0
