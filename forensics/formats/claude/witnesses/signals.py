"""What an exit code, or a signal's name, says of a process's end."""

from __future__ import annotations

from forensics.formats.claude.witnesses.death import How

FROM_SIGNAL = 128  # a shell's exit code of a process that a signal ended
LAST_SIGNAL = 64
CRASHES = (
    3,
    4,
    5,
    6,
    7,
    8,
    10,
    11,
    12,
    31,
)  # QUIT, ILL, TRAP, ABRT, BUS, FPE, BUS of macOS, SEGV, SYS, SYS of Linux
INTERRUPT = 2
NAMES = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
}  # fmt: skip
NUMBERS = {name: number for number, name in NAMES.items()}
# Windows' own: how a program ended that did not end itself
NT_CRASH, NT_MASK = 0xC0000000, 0xFFFFFFFF
NT_CONTROL_C, NT_KILLED = 0xC000013A, (0x40010004, 0xC000026B)  # Ctrl-C; a logoff or a shutdown
ABORT_OF_WINDOWS = 3  # what abort() leaves there, and so a panic of Bun's


def by_signal(number: int) -> How:
    """Say how a signal ends a process: 2 is Ctrl-C, and some are what a process's own fault raises."""
    if number == INTERRUPT:
        return How.INTERRUPTED
    return How.CRASHED if number in CRASHES else How.KILLED


def by_exit_code(code: int) -> How | None:
    """Say how a process ended that left this code; null for 0, which says nothing of a death."""
    if code == 0:
        return None
    whole = code & NT_MASK
    if whole == NT_CONTROL_C:
        return How.INTERRUPTED
    if whole in NT_KILLED:
        return How.KILLED
    if -LAST_SIGNAL <= code < 0:
        return by_signal(-code)
    if FROM_SIGNAL < code <= FROM_SIGNAL + LAST_SIGNAL:
        return by_signal(code - FROM_SIGNAL)
    return How.CRASHED if NT_CRASH <= whole < 0xD0000000 else How.FAILED  # noqa: PLR2004 - the class of errors
