"""A real server on 127.0.0.1 that behaves as well, or as badly, as a test asks."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Page:
    """How the server answers for one path."""

    content: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"
    tag: str = ""
    ranges: bool = True
    breaks_after: int | None = None  # bytes of the body, at the first request only
    stalls: bool = False
    stalls_after: int | None = None  # bytes of the body
    claims: int | None = None  # the length it states
    chunked: bool = False  # states no length
    redirect: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Mirror:
    def __init__(self, server: http.server.ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str | None]] = []  # path, Range
        self.released = threading.Event()


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.mirror.asked.append((self.path, wanted))
        page = self.mirror.pages.get(self.path, Page(status=404))
        self.close_connection = True
        if page.stalls:
            self.mirror.released.wait(20)
            return
        start = self._start(page, wanted)
        if start > len(page.content):
            self.send_response(416)
            self.end_headers()
            return
        body = page.content[start:]
        self.send_response(302 if page.redirect else 206 if start else page.status)
        if page.redirect:
            self.send_header("Location", page.redirect)
        if start:
            span = f"bytes {start}-{len(page.content) - 1}/{len(page.content)}"
            self.send_header("Content-Range", span)
        if page.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(page.claims or len(body)))
        self.send_header("Content-Type", page.kind)
        if page.tag:
            self.send_header("ETag", page.tag)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if page.breaks_after is not None:
            body, page.breaks_after = body[: page.breaks_after], None
        if page.stalls_after is not None:
            self.wfile.write(body[: page.stalls_after])
            self.mirror.released.wait(20)
            return
        if page.chunked:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        self.wfile.write(body)

    def _start(self, page: Page, wanted: str | None) -> int:
        condition = self.headers.get("If-Range")
        if not wanted or not page.ranges or (condition and condition != page.tag):
            return 0
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        assert found
        return int(found[1])


@contextmanager
def mirror() -> Iterator[Mirror]:
    handler = type("Answers", (_Answers,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.mirror = Mirror(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield handler.mirror
    finally:
        handler.mirror.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
