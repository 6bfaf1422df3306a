"""What a terminal shows: the client's screen, a failed voice call, and the lines around a death (``witnesses/``).

``KNOWN`` tells the lines that such a capture is made of. Both engines take these expressions: Rust's and Python's.
"""

from __future__ import annotations

from forensics.formats.claude.witnesses.bun import LINES as BUN_LINES
from forensics.formats.patterns import Pattern
from forensics.formats.voicemode.lines import OBJECT_LINE, OBJECT_MARK
from forensics.schema import EventKind as K

# what the client itself says on its screen: hooks, tools and the model API that failed
SHOWN = r"^\s*(?:⎿\s+|[⏺●]\s+)?"
# the failed request that ended a headless run, where it is printed in the place of the answer
ANSWERED_BY_FAILURE = (
    r"(?:(?:Please run /login ·|Failed to authenticate\.) )?API Error:? \(?(?:\d{3}\b|Request (?:timed out|rejected)"
    r"|Connection|Unable to connect|Repeated 529|The (?:socket|model|operation)|Claude's response|fetch failed"
    r"|terminated|Stream idle timeout|Overloaded|Internal server error)"
    r"|Claude (?:AI )?usage limit reached|You've (?:hit|reached) your (?:\w+[- ]){0,3}limit\b"
    r"|You're (?:now )?out of (?:extra )?usage\b|Spend(?:ing)? (?:cap|limit) reached\b"
    r"|(?:\w+[- ]){1,3}limit reached\b.*\bresets?\b|Credit balance is too low\s*$|Prompt is too long\s*$"
    r"|(?:Context limit reached|Conversation too long)\b ?[·.]|Request too large \(|Input is too long\b"
    r"|Request timed out\.|Unable to connect to API \(|(?:Error: )?Connection error\.\s*$"
    r"|Invalid API key · |Not logged in · |OAuth token (?:has expired|revoked)"
    r"|There's an issue with the selected model\b"
)
ASKED = r"^[>❯] \S"  # below the client's own lines: a shell's prompt may look so, too
ON_SCREEN = (
    Pattern(
        kind=K.HOOK_RAN,
        literal=" hook timed out after ",
        regex=SHOWN
        + r"(?<component>[A-Z]\w+(?::\S+)?) hook (?<status>timed out) after (?<elapsed>[\d.]+m?s)\b",
        seen="2.1.x",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal=" hook [",
        regex=(
            SHOWN + r"(?<component>[A-Z]\w+(?::\S+)?) hook \[(?<command>.*)\] "
            r"(?:timed out|failed: (?:Hook )?(?<status>cancelled|timed out|\S.*))"
        ),
        seen="2.1.x",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal="] failed with ",
        regex=SHOWN + r"(?<component>[A-Z]\w+(?::\S+)?) (?:hook )?\[(?<command>.*)\] (?<status>failed) "
        r"with (?:\S+ )?status code \d+",
        seen="1.0.x",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal=" hook error",
        regex=SHOWN + r"(?<component>[A-Z]\w+(?::\S+)?) hook (?<status>error)\b",
        seen="2.0.x..2.1.x",
    ),
    Pattern(
        kind=K.HOOK_RAN,
        literal=" hook ",
        regex=SHOWN + r"(?<component>[A-Z]\w+(?::\S+)?) hook (?:was )?(?<status>cancelled|failed)\b",
        seen="2.1.x",
    ),
    # a try that another one follows
    Pattern(
        kind=K.API_ERROR,
        literal="etrying in ",
        regex=SHOWN + r"(?:API Error|Unable to connect to API|Connection|Request timed out|Overloaded)"
        r".*[Rr]etrying in .*attempt (?<count>\d+)/(?<total>\d+)",
        seen="1.0.x..2.1.x",
        columns={"component": "attempt"},
    ),
    # what ends a turn: a request that failed, a limit, a key, a prompt that is too long
    Pattern(
        kind=K.API_ERROR,
        literal="",
        regex=rf"{SHOWN}(?:API Error:? \(?\S|{ANSWERED_BY_FAILURE})",
        seen="1.0.x..2.1.x",
        columns={"component": "final"},
    ),
    Pattern(
        kind=K.TOOL_DISPATCH,
        literal="(",
        regex=r"^\s*[⏺●] (?<tool>[A-Z]\w+)\(",
        seen="1.0.x..2.1.x",
    ),
    Pattern(
        kind=K.TOOL_DONE,
        literal="Error: ",
        regex=r"^\s*⎿\s+(?<status>Error): ",
        seen="1.0.x..2.1.x",
    ),
)
# a headless run prints the failure that ended it at the beginning of a line, and nothing else of its end
OUTPUT = rf"^(?:{ANSWERED_BY_FAILURE})"
# what a headless run prints instead of its answer, as plain text
PLAIN = (
    Pattern(
        kind=K.RESULT,
        literal="Reached max turns (",
        regex=r"^(?:Error: )?Reached max turns \((?<count>\d+)\)\s*$",
        seen="1.0.x..2.1.x",
        columns={"status": "error_max_turns"},
    ),
    Pattern(
        kind=K.RESULT,
        literal="xceeded USD budget (",
        regex=r"^(?:Error: )?Exceeded USD budget \(\S+\)\s*$",
        seen="2.1.x",
        columns={"status": "error_max_budget_usd"},
    ),
    Pattern(
        kind=K.RESULT,
        literal="Execution error",
        regex=r"^Execution error\s*$",
        seen="1.0.x..2.1.x",
        columns={"status": "error_during_execution"},
    ),
)
# a logger of another program may put its columns before aiohttp's words
LOGGED = r"^(?:(?<local_text>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) .*[:\]\-] )?"
BANNER = r"^[^A-Za-z0-9\n]{0,40}Claude Code v(?<status>\d+\.\d+\.\d+)"
SPOKEN = (
    Pattern(kind=K.SESSION_META, literal="Claude Code v", regex=BANNER, seen="2.0.24..2.1.330"),
    Pattern(
        kind=K.SESSION_META,
        literal=" (Claude Code)",
        regex=r"^(?<status>\d+\.\d+\.\d+) \(Claude Code\)\s*$",
        seen="claude --version, 1.0.89 and later",
    ),
    Pattern(
        kind=K.SESSION_META,
        literal="nstalling Claude Code v",
        regex=r"^Installing Claude Code v(?<status>\d+\.\d+\.\d+)",
        seen="claude-code-action",
    ),
    Pattern(
        kind=K.VOICE_FAILURE,
        literal="STT service connection failed:",
        regex=r"^\s*(?:⎿\s+)?(?<status>STT service connection failed):",
        seen="4.7.0..9.0.1",
        columns={"component": "stt"},
    ),
    Pattern(
        kind=K.VOICE_FAILURE,
        literal="Error: Could not speak message",
        regex=r"^\s*(?:⎿\s+)?Error: (?<status>Could not speak message)",
        seen="2.5.0..9.0.1",
        columns={"component": "tts"},
    ),
    Pattern(
        kind=K.RESOURCE_WARNING,
        literal="Unclosed c",
        regex=LOGGED + r"(?<status>Unclosed client session|Unclosed connector)\s*$",
        seen="aiohttp 3",
        columns={"tool": "aiohttp"},
    ),
    Pattern(kind=K.RESOURCE_OBJECT, literal=OBJECT_MARK, regex=OBJECT_LINE, seen="aiohttp 3"),
    # a tool of an MCP server, as the client shows its call
    Pattern(
        kind=K.TOOL_DISPATCH,
        literal=" (MCP)(",
        regex=r"^\s*(?:⏺ )?(?<component>[\w.:\-]+) - (?<tool>\w+) \(MCP\)\(",
        seen="1.0.x",
    ),
    *ON_SCREEN,
    Pattern(kind=K.ASSISTANT_MESSAGE, literal="⏺ ", regex=r"^⏺ ", seen="1.0.x..2.1.x"),
    Pattern(kind=K.ASSISTANT_MESSAGE, literal="● ", regex=r"^● ", seen="2.1.x"),
    Pattern(kind=K.USER_PROMPT, literal=" ", regex=ASKED, seen="1.0.x..2.1.x"),
    Pattern(kind=K.OTHER, literal="⎿", regex=r"^\s*⎿", seen="1.0.x..2.1.x"),
)

DEATH = (
    r"<--- (?:Last few GCs|JS stacktrace) --->",
    r"\[\d+:0x[0-9a-f]+\] +\d+ ms: ",
    r"FATAL ERROR: ",
    r"-{3,} Native stack trace -{3,}|-{3,} JavaScript stack trace -{3,}",
    r" *\d+: 0x[0-9a-f]+ ",
    r"\s+at \S",
    r"\s*(?:- +)?(?:at )?\(?file:///\S+:\d+",
    r" -  +(?:at |\()",
    r"\s+\^+\s*$",
    r"\s*throw ",
    r"node:[\w/]+:\d+$",
    r"(?:\w+Error|Error(?: \[\w+\])?|Uncaught \w+): ",
    r"Node\.js v\d+\.\d+\.\d+",
    r" {1,4}ERROR {2}\S",
    r"Aborted(?:\(\)| \(core dumped\))?\s*$",
    r"\[?Unhandled\w*(?:Rejection|Error)\b",
    r"\s*triggerUncaughtException\(",
    r"Emitted '",
    r"\s{2,}(?:errno|code|syscall|path|dest|address|port|spawnargs|stdout|stderr|\[\w+\]): ",
    r"\s*[{}\])]+,?\s*$",
    r"Bun v\d+\.\d+\.\d+\S* \([^)]*\)\s*$",
    *BUN_LINES,
)
# the lines of a kernel's or a service manager's log around the one that names the client
MACHINE = (
    r"\[ *\d+\.\d+\] ",
    r"(?i:[a-z]{3}) +\d{1,2} \d\d:\d\d:\d\d ",
    r"\[(?i:[a-z]{3}) (?i:[a-z]{3}) +\d{1,2} \d\d:\d\d:\d\d \d{4}\] ",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:?\d\d) \S+ [\w.\-@]+(?:\[\d+\])?: ",
)
SCREEN = (
    ANSWERED_BY_FAILURE,
    r"Installing Claude Code v\d",
    r"Execution error\s*$|Reached max turns \(\d+\)|Exceeded USD budget \(",
    r"[⏺●❯] ?",
    r"\s*[▀-▟]",
    r"[^A-Za-z0-9\n]{0,40}Claude Code v\d+\.\d+\.\d+",
    r"\S+@\S+[:~ ].*[$%#] ?",
    r"(?:\S{0,20} )?[A-Z]\w+(?::\S+)? hook (?:\[.*\] |error|timed out|cancelled|failed)",
    r"\s*[A-Z]\w+(?::\S+)? \[.*\] failed with (?:\S+ )?status code \d",
    r"[·✢✳✶✻✽*] \S+…",
    r"\s*⎿",
    r"\s*[╭│╰├└┌┐┘┤─╮╯]",
    r"\s*※ ",
    r"\s*(?:⏺ )?[\w.:\-]+ - \w+ \(MCP\)\(",
    r"(?:[$%>] ?)?claude(?: -\S+| \w+)*\s*$",
    r"\d+\.\d+\.\d+ \(Claude Code\)",
)
VOICE = (
    r"\s*(?:Error: Could not speak message|STT service connection failed:)",
    r"\s+- https?://\S+: ",
    r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} .*[:\]\-] )?Unclosed c(?:lient session|onnector)\s*$",
    r"client_session: <aiohttp\.",
    r"connector: <aiohttp\.",
    r"connections: \[",
)
KNOWN = rf"^(?:\s*$|{'|'.join((*DEATH, *MACHINE, *SCREEN, *VOICE))})"
