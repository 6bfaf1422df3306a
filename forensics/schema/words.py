"""Words that records use and several parts of the program read: ids, tools, states."""

from __future__ import annotations

# what the client writes in every version recorded
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
INTERRUPT = "[Request interrupted by user"
RESULT_SAYS = "the run's result: "  # before a result's status, and after it the reason
SHUTDOWN = "shutdown"  # component of an interrupt that the client's end made, in the words of the user's own
# how a hook ended that has no exit code
HOOK_TIMED_OUT = "timed out"
TODO_STATES = frozenset({"pending", "in_progress", "completed"})  # of an item of a list
SPAWN_TOOLS = frozenset({"Task", "Agent"})
# the voice server's tool, behind its server's name; and what a call says that does not want silence detected
CONVERSE = "__converse"
NO_SILENCE_DETECTION = "no silence detection"
# what the voice server was doing when it last wrote its lock
IN_A_CALL, FLOOR_KEPT = "in a call", "floor kept"
# status of a launch, and of a result that a resumed client fills in for one that was never recorded
LAUNCHED, UNRECORDED = "launched", "unrecorded"
# how agents ended that did not do what they were asked, as a run's result counts them
FAILED_AGENTS, KILLED_AGENTS = "failed", "killed"
COMMAND_KEPT = 400  # characters of a command that an event holds
# which damage a line has, of those that rules tell apart
CUT_OFF = "cut off"
STARTING, ENDING = "Starting connection", "Sending SIGINT"

# the services of speech, by the short names that records have
SERVICES = {"stt": "speech-to-text", "tts": "text-to-speech"}
# what the voice server writes in its conversation log where a call ended without speech (4.4.0..9.0.1)
NO_SPEECH = "[no speech detected]"
