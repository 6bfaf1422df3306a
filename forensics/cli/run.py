"""How a run of the program talks and ends: every end is an exit code, and every fault one sentence beside it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from forensics.errors import ForensicsError
from forensics.evidence.outputs import write_files
from forensics.text.controls import disarmed, plain
from forensics.text.lengths import shortened

EXIT_FINDINGS, EXIT_ERROR, EXIT_UNREAD = 1, 2, 3
FROM_SIGNAL = 128  # a signal's exit code is this and its number, as shells have it
ENDED_BY = ("SIGTERM", "SIGHUP")  # what was unpacked is removed before the process goes
TRACEBACK = "FORENSICS_TRACEBACK"  # set, it shows where an unexpected fault arose
LONGEST = 1000  # characters of a sentence about a fault: what it quotes may be a whole log


@dataclass
class Run:
    """What is decided of a run before it prints: a reader that leaves early must not make a gate green."""

    exit_code: int = 0


@contextmanager
def guarded() -> Iterator[Run]:
    """Turn whatever goes wrong into one sentence and an exit code; respect a closed pipe."""
    _open_streams()
    run = Run()
    try:
        try:
            with _ended_in_order():
                yield run
        finally:
            sys.stdout.flush()  # while its failure can still be told, and before any exit code
    except ForensicsError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        _give_up_stdout()
        raise typer.Exit(run.exit_code) from None
    except OSError as error:
        _complain_of(error)
        raise typer.Exit(EXIT_ERROR) from None
    except KeyboardInterrupt:
        raise typer.Exit(FROM_SIGNAL + signal.SIGINT) from None
    except (typer.Exit, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - an exit code of 1 would say that something was found
        _confess(error)
        raise typer.Exit(EXIT_ERROR) from None
    if run.exit_code:
        raise typer.Exit(run.exit_code)


def _open_streams() -> None:
    """Put nothing's place where the caller closed a stream: the file or the exit code may still be wanted."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):  # take any character that a log holds, under LANG=C too
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let signals that end the process unwind it, so that nothing of what was unpacked is left."""
    changed: list[int] = []
    for name in ENDED_BY:
        number = getattr(signal, name, None)
        with suppress(ValueError):  # not the main thread: whoever runs us there takes care of signals
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _leave)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(FROM_SIGNAL + number)


def _complain_of(error: OSError) -> None:
    if error.filename is None:
        _give_up_stdout()
    name = error.filename if error.filename is not None else "reading or writing"
    complain(f"{os.fsdecode(name) if isinstance(name, bytes) else name}: {error.strerror or error}")


def _confess(error: BaseException) -> None:
    """Say of a fault of ours what it was, and how to see more of it."""
    if os.environ.get(TRACEBACK):
        import traceback

        _say(disarmed("".join(traceback.format_exception(error))))
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    complain(f"this is a fault of forensics ({what}); {TRACEBACK}=1 in the environment shows where it arose")


def _give_up_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it at its end."""
    with suppress(OSError, ValueError):  # a stream without a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def file_of(output: Path | None) -> Path | None:
    """Return the file that an output names; none for standard output, which ``-`` is."""
    return None if output is None or str(output) == "-" else output


def show(text: str) -> None:
    """Print what was asked for. No line of it is an order to what runs a build."""
    sys.stdout.write(disarmed(text))


def write(text: str, output: Path | None) -> None:
    """Write after success only, and whole or not at all."""
    file = file_of(output)
    if file is None:
        show(text)
        return
    write_files({file: text})


def write_pieces(pieces: Iterable[bytes], output: Path | None) -> None:
    """Write what is too much to be held as one text, piece by piece; a file whole or not at all."""
    file = file_of(output)
    if file is not None:
        write_files({file: pieces})
        return
    binary = getattr(sys.stdout, "buffer", None)
    for piece in pieces:
        if binary is None:  # closed by the caller, or a text stream of a program that runs us
            sys.stdout.write(piece.decode("utf-8", "replace"))
        else:
            binary.write(piece)


def complain(sentence: str) -> None:
    """Tell the user what went wrong, in one line. It may name what a stranger's file holds."""
    _say(f"error: {_line(sentence)}\n")


def warn(sentence: str) -> None:
    """Tell the user on stderr what to be careful with."""
    _say(f"warning: {_line(sentence)}\n")


def remark(sentence: str) -> None:
    """Tell the user on stderr what the output leaves out."""
    _say(f"note: {_line(sentence)}\n")


def _line(sentence: str) -> str:
    """Return a sentence as one plain line of bounded length."""
    from forensics.privacy.redact import redact

    return shortened(plain(redact(" ".join(sentence[: 10 * LONGEST].split()))), LONGEST)


def _say(text: str) -> None:
    """Talk on standard error, and let a closed one be: the exit code says the same."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
