"""A language model behind an OpenAI-compatible address, on the user's machine or another.

llama.cpp's server, Ollama and vLLM all speak it: `/chat/completions` or `/completions` below a
base address that ends in `/v1`, answered as server-sent events.
Differs: from client libraries in what it does not do: no retries behind one's back, no redirects,
no proxy that would read what is not encrypted, and a key only from the variable
`REVERIE_WRITER_KEY`.
"""

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException, HTTPResponse
from typing import Any

from reverie.errors import WordsError
from reverie.spec import hint
from reverie.version import __version__
from reverie.words.writer import Request, asked, continued, visible

KEY = "REVERIE_WRITER_KEY"
MOST = 4 << 20  # bytes of an answer; more is no list of prompts
TOKENS = 48  # that a prompt takes, generously
DAY = 86_400.0  # seconds


class Endpoint:
    """Asks a server.

    Args:
        base: its address, with or without `/v1`.
        model: one of those it has; None takes the first.
        timeout: seconds that it may be silent.

    Raises:
        WordsError: the address is none, or the timeout.
    """

    def __init__(self, base: str, model: str | None = None, *, timeout: float = 30.0) -> None:
        if not 0 < timeout <= DAY:
            raise WordsError(f"timeout is {timeout:g} s; more than 0, and a day at most, is wanted")
        self.base, self.model, self.timeout = _address(base), model, timeout
        self.chats = True  # until it says that it does not
        plain = self.base.startswith("http:")
        proxies = [urllib.request.ProxyHandler({})] if plain else []
        self._opener = urllib.request.build_opener(_NoRedirects, *proxies)

    def lines(self, request: Request, turn: int) -> Iterator[str]:
        model = self.model = self.chosen()
        body = {
            "model": model,
            "temperature": request.temperature,
            "seed": request.seed + turn,
            "max_tokens": TOKENS * request.count,
            "stream": True,
        }
        with closing(self._answer(request, body)) as answer:
            text = ""
            said = False
            for piece in self._pieces(answer):
                if piece is None:  # what is left is half a prompt
                    if not said:
                        raise WordsError(
                            f"{self.base} wrote nothing in {body['max_tokens']} tokens; if "
                            f"{model} thinks first, turn that off, or ask for more prompts at once"
                        )
                    return
                said = said or bool(piece.strip())
                *whole, text = (text + piece).split("\n")
                yield from whole
            yield text

    def chosen(self) -> str:
        """The model to ask: the one named, if the server has it, or else its first.

        Raises:
            WordsError: it has no such model, or none.
        """
        try:
            with closing(self._open("/models")) as answer:
                found = _json(self._whole(answer), self.base)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403):
                raise self._refused(error) from error
            error.close()
            return self.model or "default"  # a server of one model need not list it
        listed = found.get("data") or found.get("models") or []
        listed = listed if isinstance(listed, list) else []
        names = [_short(str(one["id"])) for one in listed if isinstance(one, dict) and "id" in one]
        if self.model is None:
            if not names:
                raise WordsError(f"{self.base} has no models; load one there, or give --model")
            return names[0]
        if names and not {self.model, f"{self.model}:latest"} & {*names}:
            raise WordsError(f"{self.base} has no model {self.model!r}{hint(self.model, names)}")
        return self.model

    def _answer(self, request: Request, body: dict[str, Any]) -> HTTPResponse:
        """The answer to a request, by chat if the server does that."""
        if self.chats:
            messages = [{"role": "user", "content": asked(request)}]
            try:
                return self._open("/chat/completions", body | {"messages": messages})
            except urllib.error.HTTPError as error:
                if error.code not in (404, 405, 501):
                    raise self._refused(error) from error
                why = self._refused(error)
            self.chats = False
        else:
            why = None
        try:
            return self._open("/completions", body | {"prompt": continued(request)})
        except urllib.error.HTTPError as error:
            refused = self._refused(error)
            raise why or refused from error

    def _open(self, path: str, body: dict[str, Any] | None = None) -> HTTPResponse:
        headers = {"User-Agent": f"reverie/{__version__}", "Content-Type": "application/json"}
        if _key():
            headers["Authorization"] = f"Bearer {_key()}"
        data = None if body is None else json.dumps(body).encode()
        asking = urllib.request.Request(self.base + path, data, headers)
        try:
            return self._opener.open(asking, timeout=self.timeout)
        except urllib.error.HTTPError:
            raise
        except (OSError, HTTPException, UnicodeError) as error:
            raise WordsError(self._silence(error, "cannot be reached")) from error

    def _pieces(self, answer: HTTPResponse) -> Iterator[str | None]:
        """The text of an answer as it comes, or all at once where the server does not stream; and
        None, last, where it was cut off for its length."""
        if "text/event-stream" not in answer.headers.get("Content-Type", ""):
            whole = _json(self._whole(answer), self.base)
            yield _said(whole, self.base)
            if _choice(whole).get("finish_reason") == "length":
                yield None
            return
        read, last = 0, time.monotonic()
        while read < MOST:
            line = self._line(answer)
            read += len(line)
            event = line.decode(errors="replace").strip()
            if event.removeprefix("data:").strip() == "[DONE]":
                return
            if not line:
                raise WordsError(f"{self.base} broke off in the middle of its answer")
            if time.monotonic() - last > self.timeout:  # it only says that it is there
                raise WordsError(self._silence(TimeoutError(), ""))
            if event.startswith("data:") and event != "data:":
                last = time.monotonic()
                piece = _json(event[5:].encode(), self.base)
                ends = _choice(piece).get("finish_reason")
                yield _said(piece, self.base)
                if ends == "length":
                    break
                if ends:  # it need not say goodbye
                    return
        yield None

    def _line(self, answer: HTTPResponse) -> bytes:
        try:
            return answer.readline(MOST)
        except (OSError, HTTPException) as error:
            raise WordsError(self._silence(error, "broke off")) from error

    def _whole(self, answer: HTTPResponse) -> bytes:
        try:
            data = answer.read(MOST)
        except (OSError, HTTPException) as error:
            raise WordsError(self._silence(error, "broke off")) from error
        if answer.length and len(data) < MOST:  # bytes that were promised, and did not come
            raise WordsError(f"{self.base} broke off in the middle of its answer")
        return data

    def _silence(self, error: Exception, what: str) -> str:
        reason = getattr(error, "reason", error)
        if isinstance(error, TimeoutError) or isinstance(reason, TimeoutError):
            return (
                f"{self.base} said nothing for {self.timeout:g} s; is it still loading? a longer "
                "--timeout waits for it"
            )
        why = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        start = "; start it there, such as: ollama serve" if what == "cannot be reached" else ""
        return f"{self.base} {what} ({why}){start}"

    def _refused(self, error: urllib.error.HTTPError) -> WordsError:
        """What a server says of its error, in a line."""
        with error:
            try:
                said = error.read(MOST)
            except (OSError, HTTPException):
                said = b""
        try:
            text = _message(json.loads(said))
        except (ValueError, RecursionError):
            text = "" if said.lstrip()[:1] == b"<" else said.decode(errors="replace")
        line = _short(text) or str(error.reason)
        key = f"; set {KEY}" if error.code in (401, 403) else ""
        moved = _short(error.headers.get("Location") or "") if 300 <= error.code < 400 else ""
        to = f"; it has moved to {moved}, name that address" if moved else ""
        return WordsError(f"{self.base} answered {error.code}: {line}{key}{to}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None  # the key is for the address that was given, and for no other


def _address(base: str) -> str:
    if "@" in base:  # not shown: it is a secret
        raise WordsError(f"an address with a name or a password in it is not used; set {KEY}")
    wrong = WordsError(
        f"{base!r} is no address of a server; it looks like http://localhost:11434/v1"
    )
    try:
        parts = urllib.parse.urlsplit(base.strip())
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:  # brackets or a port that cannot be
        raise wrong from error
    if not good:
        raise wrong
    path = parts.path.rstrip("/")
    for known in ("/chat/completions", "/completions", "/models"):
        path = path.removesuffix(known)
    path = path if "/v1" in path else f"{path}/v1"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _key() -> str:
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and key.isprintable()):  # not shown: it is a secret
        raise WordsError(f"{KEY} holds a letter or a line that no key can have; set it again")
    return key


def _json(data: bytes, base: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "a web page" if data.lstrip()[:1] == b"<" else "no JSON"
        raise WordsError(
            f"{base} answers with {what}; name the address of an OpenAI-compatible server"
        ) from error
    if not isinstance(found, dict):
        raise WordsError(f"{base} answers with JSON of another kind; is it OpenAI-compatible?")
    return found


def _said(answer: dict[str, Any], base: str) -> str:
    """The text in an answer, or in a piece of one."""
    if answer.get("error"):
        raise WordsError(f"{base} failed: {_short(_message(answer))}")
    one = _choice(answer)
    part = one.get("delta") or one.get("message") or one
    text = part.get("content") or part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _choice(answer: dict[str, Any]) -> dict[str, Any]:
    """The first of the choices that an answer has."""
    choices = answer.get("choices") or [{}]
    return choices[0] if isinstance(choices, list) and isinstance(choices[0], dict) else {}


def _short(text: str) -> str:
    """A text of a stranger as part of a line that is shown, without the key."""
    text = text.replace(_key(), "***") if _key() else text
    return " ".join(visible(text).split())[:200]


def _message(answer: Any) -> str:
    """The message in an error: `{"error": {"message": ...}}`, `{"error": ...}` and the like."""
    if isinstance(answer, dict):
        for name in ("error", "message", "detail"):
            if answer.get(name):
                return _message(answer[name])
    return answer if isinstance(answer, str) else json.dumps(answer)
