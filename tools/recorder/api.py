"""The scripted Messages API: answers each agent by its script, and logs what it was asked."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Mapping

from tools.recorder.request_log import Answered, Asked, Failed, IssuedCall, RequestLog, now
from tools.recorder.requests import (
    COMPACTION,
    HELPER,
    Asker,
    Body,
    last_text,
    new_results,
    scripts_in,
    texts_of,
    who_asks,
)
from tools.recorder.scenarios.model import Fault, Scenario, Turn
from tools.recorder.translation import Translated, Translator
from tools.recorder.wire import BYTES_PER_TOKEN, Reply

LOG_TEXT = 200  # characters kept of a request that no script knows
SUMMARY = "<summary>\n1. The demo.\n</summary>"


class ScriptedApi:
    """What the API answers; one object for each recording, used by one thread for each request."""

    def __init__(self, scenario: Scenario, log: RequestLog) -> None:
        self.log = log
        self.closing = threading.Event()
        self._scenario = scenario
        self._translator = Translator()
        self._extra_calls: set[str] = set()
        self._faults_used: Counter[Asker] = Counter()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def receive(self, body: Body) -> tuple[Asker, Turn]:
        """Log a request, and find what it is to be answered."""
        results = new_results(body)
        with self._lock:
            asker = who_asks(body, self._scenario.scripts, self._extra_calls)
            self._translator.learn(results)
        known = asker.name in self._scenario.scripts
        asked = Asked(
            at=now(),
            agent=asker.name,
            turn=asker.turn,
            text="" if known else last_text(body)[:LOG_TEXT],
            results=results,
            earlier=tuple(sorted(scripts_in(body, self._scenario.scripts) - {asker.name})),
        )
        self.log.add(asked)
        return asker, self._turn(asker, body)

    def next_fault(self, asker: Asker, turn: Turn) -> Fault | None:
        """Return what goes wrong with this request, and count it."""
        with self._lock:
            used = self._faults_used[asker]
            if used < len(turn.faults):
                fault = turn.faults[used]
            elif turn.faults and turn.faults[-1].forever:
                fault = turn.faults[-1]
            else:
                return None
            self._faults_used[asker] += 1
        self.log.add(Failed(at=now(), agent=asker.name, turn=asker.turn, fault=fault.name))
        return fault

    def reply(self, turn: Turn, body: Body) -> tuple[Reply, Translated]:
        """Make the message of a turn, or of the calls that must come before it."""
        with self._lock:
            said = self._translator.translate(turn.calls, body)
            blocks = [
                {"type": "tool_use", "id": self.new_id("toolu"), "name": c.tool, "input": dict(c.arguments)}
                for c in said.calls
            ]
            if said.extra:
                self._extra_calls.update(str(block["id"]) for block in blocks)
        text = [{"type": "text", "text": turn.text}] if turn.text and not said.extra else []
        size = len(json.dumps(body)) // BYTES_PER_TOKEN
        reply = Reply(
            message_id=self.new_id("msg"),
            model=str(body.get("model")),
            blocks=(*text, *blocks),
            context_tokens=turn.context_tokens or size,
        )
        return reply, said

    def delivered(self, asker: Asker, reply: Reply, said: Translated) -> None:
        """Log that an answer went out whole."""
        calls = tuple(
            IssuedCall(block["id"], block["name"], block["input"])
            for block in reply.blocks
            if block["type"] == "tool_use"
        )
        self.log.add(
            Answered(
                at=now(),
                agent=asker.name,
                turn=asker.turn,
                calls=calls,
                final=not calls,
                lacking=said.lacking,
            )
        )

    def new_id(self, prefix: str) -> str:
        """Return an id that is shaped like those of the genuine API."""
        return f"{prefix}_01{next(self._ids):022d}"

    def _turn(self, asker: Asker, body: Body) -> Turn:
        if asker.name == COMPACTION:
            return Turn(text=self._scenario.summary or SUMMARY, delay_s=0.3)
        if asker.name == HELPER:
            return Turn(text=_help(body))
        script = self._scenario.scripts.get(asker.name)
        if script is None or asker.turn >= len(script.turns):
            return Turn(text="Done.")
        return script.turns[asker.turn]


def _help(body: Mapping[str, object]) -> str:
    """Answer a request without tools: the client asks for a title, or whether it may ask at all."""
    asked = last_text(body)
    if asked.strip() == "quota":
        return "#"
    if any("title" in text for text in (*texts_of(body.get("system")), asked)):
        return json.dumps({"isNewTopic": True, "title": "Demo session"})
    return "none"
