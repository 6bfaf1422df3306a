"""What a terminal shows when a client dies or a voice call fails: Node's, V8's, ink's, aiohttp's and voicemode's words.

``KNOWN`` tells the lines that such a capture is made of. Both engines take these expressions: Rust's and Python's.
"""

from __future__ import annotations

from forensics.formats.patterns import Pattern
from forensics.formats.voicemode.lines import OBJECT_LINE, OBJECT_MARK
from forensics.schema import EventKind as K

UNHANDLED = "throw er; // Unhandled 'error' event"
FULL_HEAP = "FATAL ERROR: .*JavaScript heap out of memory"

# the client's own death: what Node prints last, on bare lines, where stderr and the log are one stream
TRAILER = (
    Pattern(
        kind=K.PROCESS_FATAL,
        literal="FATAL ERROR: ",
        regex=rf"^(?<status>{FULL_HEAP})",
        seen="Node.js",
    ),
    Pattern(
        kind=K.PROCESS_FATAL,
        literal=UNHANDLED,
        regex=rf"^\s*(?<status>{UNHANDLED})",
        seen="Node.js",
    ),
    # the last line of every uncaught exception
    Pattern(
        kind=K.PROCESS_FATAL,
        literal="Node.js v",
        regex=r"^(?<status>Node\.js v\d+\.\d+\.\d+)\s*$",
        seen="Node.js 17 and later",
    ),
)
# which V8 prints for nothing but a fatal end, before it names it: a cut dump has only this
LAST_GCS = Pattern(
    kind=K.PROCESS_FATAL,
    literal="<--- Last few GCs --->",
    regex=r"^(?<status><--- Last few GCs --->)\s*$",
    seen="V8 of Node.js 12 and later",
)
# ink's overview of an error that no component caught: it names the place below
OVERVIEW = Pattern(
    kind=K.PROCESS_FATAL,
    literal=" ERROR  ",
    regex=r"^ {1,4}(?<status>ERROR  \S.*)$",
    seen="ink of 1.0.x",
)
CLIENT_FRAME = r"claude-code/cli\.js:\d+|/\$bunfs/root/"

# a logger of another program may put its columns before aiohttp's words
LOGGED = r"^(?:(?<local_text>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) .*[:\]\-] )?"
SPOKEN = (
    Pattern(
        kind=K.SESSION_META,
        literal=" (Claude Code)",
        regex=r"^(?<status>\d+\.\d+\.\d+) \(Claude Code\)\s*$",
        seen="claude --version, 1.0.89 and later",
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
    Pattern(kind=K.OTHER, literal="⏺ ", regex=r"^⏺ ", seen="1.0.x..2.1.x"),
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
)
SCREEN = (
    r"[⏺●] ",
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
KNOWN = rf"^(?:\s*$|{'|'.join((*DEATH, *SCREEN, *VOICE))})"
