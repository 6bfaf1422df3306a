"""The API's HTTP side, on the loopback interface: streams, single documents, and faults of every kind."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.recorder.api import ScriptedApi
from tools.recorder.request_log import Elsewhere, HungUp, RequestLog, now
from tools.recorder.requests import Asker, Body
from tools.recorder.scenarios.model import Fault, Scenario, Turn
from tools.recorder.wire import BYTES_PER_TOKEN, Reply, error_document, event_bytes

OK, NOT_FOUND = 200, 404
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: the other side sees a reset


class Handler(BaseHTTPRequestHandler):
    """One connection of the client."""

    protocol_version = "HTTP/1.1"

    def __init__(self, api: ScriptedApi, *connection: Any) -> None:  # noqa: ANN401 - handed on as it comes
        self.api = api
        super().__init__(*connection)

    # typing.override came with Python 3.12
    def log_message(self, format: str, *args: object) -> None:  # type: ignore[explicit-override]  # noqa: A002
        """Print nothing; the API keeps its own log."""

    def do_HEAD(self) -> None:
        """Be there: the client looks whether it has a network."""
        self._log_elsewhere()
        self.send_response(OK)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Know nothing but messages."""
        self._log_elsewhere()
        self._send(NOT_FOUND, error_document(NOT_FOUND))

    def do_POST(self) -> None:
        """Answer a message, or count tokens."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            self._send(OK, {"input_tokens": len(raw) // BYTES_PER_TOKEN})
        elif path.endswith("/v1/messages"):
            self._answer(json.loads(raw))
        else:
            self._log_elsewhere()
            self._send(NOT_FOUND, error_document(NOT_FOUND))

    def _answer(self, body: Body) -> None:
        asker, turn = self.api.receive(body)
        fault = self.api.next_fault(asker, turn)
        try:
            if fault is not None:
                self._fail(fault, turn, body)
            elif not self.api.closing.wait(turn.delay_s):
                self._deliver(asker, turn, body)
        except ConnectionError:
            self.api.log.add(HungUp(at=now(), agent=asker.name, turn=asker.turn))
            self.close_connection = True

    def _deliver(self, asker: Asker, turn: Turn, body: Body) -> None:
        reply, said = self.api.reply(turn, body)
        if body.get("stream"):
            self._stream(reply.events())
            self.wfile.write(b"0\r\n\r\n")
        else:
            self._send(OK, reply.document())
        self.api.delivered(asker, reply, said)

    def _fail(self, fault: Fault, turn: Turn, body: Body) -> None:
        if fault.status is not None:
            headers = {} if fault.retry_after_s is None else {"retry-after": str(fault.retry_after_s)}
            self._send(fault.status, error_document(fault.status, fault.words), headers)
            return
        if fault.hang_s is not None:
            self.api.closing.wait(fault.hang_s)
        if fault.drop_midway and body.get("stream"):
            reply: Reply = self.api.reply(Turn(text=turn.text), body)[0]
            self._stream(reply.beginning())
        self._reset()

    def _stream(self, events: Iterator[Mapping[str, Any]]) -> None:
        self.send_response(OK)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("cache-control", "no-cache")
        self.send_header("request-id", self.api.new_id("req"))
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            data = event_bytes(event)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _send(
        self, status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        fixed = {"content-type": "application/json", "content-length": str(len(data))}
        for name, value in {**fixed, "request-id": self.api.new_id("req"), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):  # the client may have gone first
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.connection.shutdown(socket.SHUT_RDWR)

    def _log_elsewhere(self) -> None:
        self.api.log.add(Elsewhere(at=now(), request=f"{self.command} {self.path}"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # an answer that is held back does not keep the recorder alive

    def handle_error(self, request: Any, client_address: Any) -> None:  # type: ignore[explicit-override]  # noqa: ANN401
        """Say nothing of a client that died in the middle of a request: that is what is recorded."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(scenario: Scenario, log: RequestLog) -> Iterator[str]:
    """Serve a scenario until the end of the block; give the address."""
    api = ScriptedApi(scenario, log)
    server = _Server(("127.0.0.1", 0), partial(Handler, api))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        api.closing.set()
        server.shutdown()
        server.server_close()
