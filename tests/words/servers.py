"""A server that speaks the protocol of OpenAI's, on this machine, and misbehaves as it is told."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Served(ThreadingHTTPServer):
    """answer: called with (handler, path, body) for every request; asked: what came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[["Handler", str, dict[str, Any]], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.leave = threading.Event()  # set when it is over, for those who wait

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Served

    def do_GET(self) -> None:
        self._handle({})

    def do_POST(self) -> None:
        self._handle(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _handle(self, body: dict[str, Any]) -> None:
        self.server.asked.append((self.path, body, dict(self.headers)))
        self.close_connection = True
        if self.path == "/v1/models":
            models = getattr(self.server, "models", ["tiny", "large:latest"])
            listed = [{"id": name} for name in models] if isinstance(models, list) else models
            self.whole({"data": listed})
        else:
            self.server.answer(self, self.path, body)

    def log_message(self, *_: object) -> None:
        pass

    def whole(
        self, data: Any, code: int = 200, kind: str = "application/json", **head: str
    ) -> None:
        text = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def begin(self) -> None:
        """Begins a stream of events, in chunks."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self.chunk(f"data: {text}\n\n".encode())

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def stream(self, text: str, size: int = 7, *, chat: bool = True) -> None:
        """Text in pieces of some letters, and the end."""
        self.begin()
        for at in range(0, len(text), size):
            self.piece(text[at : at + size], chat=chat)
        self.event("[DONE]")
        self.chunk(b"")

    def piece(self, text: str, *, chat: bool = True) -> None:
        part = {"delta": {"content": text}} if chat else {"text": text}
        self.event({"choices": [{"index": 0, **part}]})
