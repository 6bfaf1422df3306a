"""What shells, CI runners, kernels, service managers and hosts say of a process's end, a sentence each.

Each form names the process, its command, or nobody. Whose death a sentence without a name tells is for its reader
to say: beside a headless run's records, or below the client's screen, it is the client's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from forensics.formats.claude.witnesses.death import CLIENT_NAME, Death, How, Witness
from forensics.formats.claude.witnesses.signals import (
    ABORT_OF_WINDOWS,
    FROM_SIGNAL,
    NAMES,
    NUMBERS,
    by_exit_code,
    by_signal,
)

LONGEST = 400  # characters of a shell's or a runner's sentence
# what a job's log puts before a line of a program
LEAD = re.compile(
    r"^(?:[^\t\n]+\t[^\t\n]+\t)?(?:\ufeff?\d{4}-\d\d-\d\dT[\d:]+\.?\d*(?:Z|[+-]\d\d:?\d\d) (?:\d\d[OE]\+? ?)?)?"
    r"(?P<mark>(?:##\[error\]|::error::|🚨 |ERROR: |Error: )*)"
)
WORDS = {
    "killed": 9, "terminated": 15, "segmentation fault": 11, "segfault": 11, "aborted": 6, "abort trap": 6, "abort": 6,
    "bus error": 7, "illegal instruction": 4, "illegal hardware instruction": 4, "trace/breakpoint trap": 5,
    "trace trap": 5, "floating point exception": 8, "hangup": 1, "quit": 3, "bad system call": 31,
}  # fmt: skip
WORD = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
BARE = re.compile(
    rf"^(?P<word>{WORD})(?:: \d+|\(\))?(?: *\(core dumped\))?(?: {{2,}}(?P<command>\S.*)|(?<=\)) (?P<other>\S.*))?\s*$",
    re.IGNORECASE,
)
OF_COMMAND = re.compile(
    rf"^(?:\S.{{0,200}}?: line \d+: +(?:\d+ )?|\[\d+\] *[+-]? +(?:\d+ )?|\d+ +)(?P<word>{WORD})"
    r"(?:: \d+)?(?: ?\(core dumped\))?(?:\s+(?P<command>\S.*))?$",
    re.IGNORECASE,
)
ZSH = re.compile(rf"^zsh: (?P<word>{WORD})(?: +\(core dumped\))? +(?P<command>\S.*)$")
FISH = re.compile(
    r"^fish: (?:Job \d+, )?(?:Process \d+, )?['‘“\"](?P<command>.+?)['’”\"](?: from job .*?)? "
    r"(?:has been )?terminated by signal (?P<signal>SIG[A-Z]+)"
)
ENDED = re.compile(
    r"^(?P<who>.{0,300}?)\b(?:terminated|killed|died|exited|ended|stopped|crashed|aborted)\b"
    r"(?: (?:unexpectedly|due to|because of))? (?:by|with|on|from|after|due to|of)?[ ]?(?:a |the )?(?:signal[ :=]*)?"
    r"<?(?:Signals\.)?(?P<signal>SIG[A-Z]+|(?<=signal )\d{1,2}|(?<=signal: )\d{1,2})\b"
)
CODE = re.compile(
    r"^(?P<who>.{0,300}?)\b(?:exit(?:ed|s)?|returned|terminated|failed)?(?:,? with)?(?: a)?(?: non-zero)?"
    r"(?: exit)? ?(?:code|status|exit_code|exitCode)(?: exit status)?(?: of)?[ :=]*['\"‘“(]?(?P<code>-?\d{1,10})\b"
    r"['\"’”]?[.)]?(?:\s*\((?P<more>[^)]*)\))?\s*\.?$",
    re.IGNORECASE,
)
SHORT = re.compile(
    r"^(?P<who>(?:.{0,200}?\b)?)(?:exited with|rc ?=|EXIT_?CODE[ :=]+|exit_code[ :=]+|exit[ :]+)\s*"
    r"(?P<code>-?\d{1,10})\.?\s*$"
)
# who may be meant by nobody's name: a job, a step, a script
JOB = re.compile(
    r"^\s*(?:Process completed|Job failed:(?: command)? *|The command|Bash|Command|command|script|"
    r"The process(?: was)?|Process|Exited|exit|\S+-\d+|npm (?:ERR!|error)|Error|"
    r"subprocess\.CalledProcessError: Command)?"
    r"[ :,\"']*(?:with|by)?\s*$",
    re.IGNORECASE,
)
CANCELLED = re.compile(
    r"^(?:The operation was canceled\.|The runner has received a shutdown signal\b.*|"
    r"The job (?:running on runner .* )?(?:has exceeded|was canceled|execution).*|"
    r"The action .* has timed out after \d+ minutes?\.|"
    r"Job failed(?:: (?:execution took longer than .*|canceled.*)| \(system failure\): .*)|"
    r"The (?:self-hosted|hosted) runner\b.* lost communication with the server\..*|"
    r"The job (?:running on agent .* ran longer than the maximum|exceeded the maximum) time .*|"
    r"Too long with no output \(exceeded .*|Cancelling nested steps due to timeout|"
    r"The job was canceled because .*)$"
)
OF_SDK = re.compile(r"^(?:Action failed with error: )?SDK execution error: (?:[A-Z]\w*)?Error: \S")
OOM = re.compile(
    r"\b[Kk]ill(?:ed|ing)?\b[\w ]{0,40}?[Pp]rocess\b[^(\[\d]{0,30}(?P<pid>\d+)[, ]*[(\[](?P<name>[^)\]]+)[)\]]"
)
OOM_TASK = re.compile(r"\boom-kill:.*\btask=(?P<name>[^,\s]+),pid=(?P<pid>\d+)")
OOMD = re.compile(r"\bsystemd-oomd\b.*\b[Kk]illed (?P<name>/\S+)")
FAULT = re.compile(
    r"\b(?:traps: )?(?P<name>[\w.\-]+)\[(?P<pid>\d+)\]:? (?:segfault at |trap |general protection|bad frame)"
    r"|\bProcess (?P<pid2>\d+) \((?P<name2>[^)]+)\) (?:of user \S+ )?(?:dumped core|crashed|terminated abnormally)"
)
UNIT = re.compile(
    r"(?P<name>\S+\.(?:service|scope)): (?:Main process exited, code=(?:killed|dumped), status=(?P<number>\d+)/\w+"
    r"|Failed with result '(?P<result>oom-kill|signal|core-dump|timeout|watchdog)'"
    r"|(?P<oom>A process of this unit has been killed by the OOM killer))"
)
CONTAINER = re.compile(r"^\s*(?:Reason|State|Last State|reason)\s*[:=]\s*\"?(?P<word>OOMKilled)\"?\s*$")
MARK = re.compile(
    rf"(?i)^\W*(?:{WORD})\b|\b(?:line \d+: |zsh: |fish: )|\].{{1,12}}(?:killed|terminated|fault|abort|quit|hangup)"
    r"|\b(?:SIG[A-Z]{3,}|(?:signal|exit|exited|status|exit_?code|code|rc)\b.{0,30}?\d)"
    r"|out of memory|oom|\bkill(?:ed|ing)\b.*\bprocess\b|segfault|dumped core|trap "
    r"|operation was cancell?ed|shutdown signal|timed out after|job (?:was|has|failed|running|execution|exceeded)"
    r"|lost communication|too long with no output|cancelling nested|sdk execution error"
)


def death_in(number: int, text: str) -> Death | None:
    """Return the death that a line tells by itself, in the words of the line."""
    if not MARK.search(text):
        return None
    lead = LEAD.match(text)
    said = text[lead.end() :].rstrip() if lead else text.rstrip()
    for form in FORMS if len(said) <= LONGEST else MACHINES:
        death = form(number, said)
        if death is not None:
            return death
    return None


def failure_in(number: int, text: str) -> Death | None:
    """Return the plain failure that a line tells of whatever ran last, without a name: its reader knows what did."""
    lead = LEAD.match(text)
    said = text[lead.end() :].rstrip() if lead else text.rstrip()
    found = CODE.match(said) or SHORT.match(said)
    if found is None or len(said) > LONGEST or by_exit_code(int(found["code"])) is not How.FAILED:
        return None
    if _whose(found["who"]) is not None:
        return None
    return _death(number, said, How.FAILED, Witness.RUNNER, code=int(found["code"]))


def _death(number: int, said: str, how: How, witness: Witness, **more: object) -> Death:
    return Death(line=number, how=how, reason=said.strip(), witness=witness, lines=(number,), **more)  # type: ignore[arg-type]


def _is_client(command: str | None) -> bool | None:
    return None if not command else CLIENT_NAME.search(command) is not None


def _by_shell(number: int, said: str) -> Death | None:
    """Bash and its kin name the command behind a job or a script's line; alone they name nobody."""
    found = OF_COMMAND.match(said) or ZSH.match(said) or BARE.match(said)
    if found is not None:
        command = found.groupdict().get("command") or found.groupdict().get("other")
        signal = WORDS[found["word"].lower()]
    else:
        found = FISH.match(said)
        if found is None or found["signal"] not in NUMBERS:
            return None
        command, signal = found["command"], NUMBERS[found["signal"]]
    return _death(
        number,
        said,
        by_signal(signal),
        Witness.SHELL,
        is_client=_is_client(command),
        code=FROM_SIGNAL + signal,
    )


def _by_signal_name(number: int, said: str) -> Death | None:
    found = ENDED.match(said)
    if found is None:
        return None
    whose = _whose(found["who"])
    word = found["signal"]
    signal = int(word) if word.isdigit() else NUMBERS.get(word, 0)
    if whose is False or signal not in NAMES:
        return None
    return _death(
        number, said, by_signal(signal), _host_or_runner(said), is_client=whose, code=FROM_SIGNAL + signal
    )


def _by_code(number: int, said: str) -> Death | None:
    """Read an exit code: one that is no signal's counts where the line names the client."""
    found = CODE.match(said) or SHORT.match(said)
    if found is None:
        return None
    whose, code = _whose(found["who"]), int(found["code"])
    how = by_exit_code(code)
    if whose and code == ABORT_OF_WINDOWS:
        how = How.CRASHED
    if whose is False or how is None or (how is How.FAILED and not whose):
        return None
    return _death(number, said, how, _host_or_runner(said), is_client=whose, code=code)


def _whose(who: str) -> bool | None:
    """Say whose end it is: the client's, nobody's by name, or another program's."""
    if CLIENT_NAME.search(who):
        return True
    return None if JOB.match(who) else False


def _host_or_runner(said: str) -> Witness:
    return Witness.HOST if "Claude Code process" in said else Witness.RUNNER


def _by_host(number: int, said: str) -> Death | None:
    """Take the word of the program that called the client's SDK: its error in one sentence."""
    found = OF_SDK.match(said)
    return _death(number, said, How.FAILED, Witness.HOST, is_client=True) if found else None


def _by_runner(number: int, said: str) -> Death | None:
    if CANCELLED.match(said):
        return _death(number, said, How.KILLED, Witness.RUNNER)
    found = CONTAINER.match(said)
    return _death(number, said, How.KILLED, Witness.RUNNER, code=FROM_SIGNAL + 9) if found else None


def _by_kernel(number: int, said: str) -> Death | None:
    """Take the kernel's word: it names the process, and a process of another name is not the client."""
    killed = OOM_TASK.search(said) or OOM.search(said) or OOMD.search(said)
    if killed is not None:
        pid = killed.groupdict().get("pid")
        name = _is_named(killed["name"])
        return _death(number, said, How.KILLED, Witness.KERNEL, is_client=name, pid=int(pid) if pid else None)
    fault = FAULT.search(said)
    if fault is None:
        return None
    pid = fault["pid"] or fault["pid2"]
    name = _is_named(fault["name"] or fault["name2"])
    return _death(number, said, How.CRASHED, Witness.KERNEL, is_client=name, pid=int(pid))


def _is_named(name: str) -> bool:
    return CLIENT_NAME.search(name) is not None


def _by_service(number: int, said: str) -> Death | None:
    found = UNIT.search(said)
    if found is None:
        return None
    signal = int(found["number"]) if found["number"] else 9
    how = How.CRASHED if found["result"] == "core-dump" else by_signal(signal)
    return _death(
        number,
        said,
        how,
        Witness.SERVICE,
        is_client="claude" in found["name"].lower(),
        code=FROM_SIGNAL + signal,
    )


# who puts more into a line than a sentence
MACHINES: tuple[Callable[[int, str], Death | None], ...] = (_by_service, _by_kernel)
FORMS: tuple[Callable[[int, str], Death | None], ...] = (
    _by_runner,
    _by_service,
    _by_kernel,
    _by_shell,
    _by_signal_name,
    _by_code,
    _by_host,
)
