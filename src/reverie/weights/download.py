"""Fetches a file: goes on where it stopped, checks what came, and never leaves half a file.

Source: HTTP range requests (RFC 9110, section 14); the `X-Linked-ETag` by which the Hugging Face
hub states the SHA-256 of large files.
Differs: huggingface_hub resumes too, but takes damaged bytes for good ones.
"""

import errno
import hashlib
import http.client
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie.errors import WeightsError
from reverie.version import __version__
from reverie.weights.manifest import File
from reverie.weights.read import is_web_page

CHUNK = 1 << 18
AGAIN = "run the command again to go on"


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is. `total` is None while it is not known."""

    name: str
    done: int = 0
    total: int | None = None


@dataclass
class _Answer:
    """What a server says about the file before it sends it."""

    start: int  # the bytes it leaves out, because they are here already
    total: int | None
    sha256: str | None
    tag: str | None  # names this version of the file, on this server


def fetch(file: File, folder: Path, *, timeout: float = 30.0) -> Iterator[Progress]:
    """Fetches `file` into `folder`. What arrived before a failure is kept as `.part`.

    Args:
        timeout: how many seconds a server may be silent.

    Raises:
        WeightsError: with what went wrong at each mirror.
    """
    target, failures = folder / file.name, []
    if target.exists():
        return
    for url in file.urls:
        try:
            yield from _fetch(file, url, folder, timeout)
            return
        except WeightsError as error:
            failures.append(str(error))
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise WeightsError(
                    f"{file.name}: the disk of {folder} is full; free some space, then {AGAIN}"
                ) from error
            failures.append(f"{file.name}: {url}: {_reason(error, timeout)}; {AGAIN}")
        except http.client.HTTPException as error:
            failures.append(f"{file.name}: {url}: the connection broke ({error!r}); {AGAIN}")
    raise WeightsError(" | ".join(failures))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(file: File, url: str, folder: Path, timeout: float) -> Iterator[Progress]:
    part, tag = folder / f"{file.name}.part", folder / f"{file.name}.tag"
    opener = urllib.request.build_opener(_Redirects)
    try:
        response = opener.open(_request(file, url, part, tag), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and part.exists():  # more is here than the server has: start over
            part.unlink()
            yield from _fetch(file, url, folder, timeout)
            return
        remedy = AGAIN if error.code == 429 or error.code >= 500 else "try a mirror"
        raise WeightsError(
            f"{file.name}: {url} answered {error.code} {error.reason}; {remedy}"
        ) from error
    with response:
        answer = _answer(response, part)
        _check_room(file, url, answer, folder)
        chunk = response.read(CHUNK)
        if "text/html" in response.headers.get("Content-Type", "") or (
            not answer.start and is_web_page(chunk)
        ):
            raise WeightsError(
                f"{file.name}: {url} serves a web page, not the file; sign in there with a "
                "browser, or try a mirror"
            )
        tag.write_text(answer.tag or "")
        with part.open("ab" if answer.start else "wb") as out:
            done = answer.start
            while chunk:
                out.write(chunk)
                done += len(chunk)
                yield Progress(file.name, done, answer.total)
                chunk = response.read(CHUNK)
    _check(file, url, part, answer)
    part.replace(folder / file.name)
    tag.unlink()


def _request(file: File, url: str, part: Path, tag: Path) -> urllib.request.Request:
    """Asks for what is missing, if what is here can be trusted to be of the same file."""
    request = urllib.request.Request(url, headers={"User-Agent": f"reverie/{__version__}"})
    here = part.stat().st_size if part.exists() else 0
    known = tag.read_text() if tag.exists() else ""
    if here and (file.sha256 or known):
        request.add_header("Range", f"bytes={here}-")
        if not file.sha256:
            request.add_header("If-Range", known)
    return request


def _answer(response: Any, part: Path) -> _Answer:
    headers = response.headers
    start, length = 0, headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    if response.status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        if not span or int(span[1]) != part.stat().st_size:
            part.unlink()
            raise WeightsError(f"{response.url} answered with another part than asked; {AGAIN}")
        start, total = int(span[1]), int(span[2]) if span[2] != "*" else None
    linked = getattr(response, "linked", None) or headers.get("ETag", "")
    sha256 = re.fullmatch(r'(?:W/)?"?([0-9a-f]{64})"?', linked)
    tag = headers.get("ETag", "")
    strong = tag if tag.startswith('"') else None  # only such a tag may ask for a range
    return _Answer(start, total, sha256[1] if sha256 else None, strong)


def _check_room(file: File, url: str, answer: _Answer, folder: Path) -> None:
    if file.bytes is not None and answer.total not in (None, file.bytes):
        raise WeightsError(
            f"{file.name}: {url} has {answer.total} bytes, and {file.bytes} are expected; "
            "try a mirror"
        )
    free = shutil.disk_usage(folder).free
    if answer.total is not None and answer.total - answer.start > free:
        raise WeightsError(
            f"{file.name}: {_size(answer.total - answer.start)} to fetch and {_size(free)} free "
            f"in {folder}; free some space, or set REVERIE_HOME to a folder on another disk"
        )


def _check(file: File, url: str, part: Path, answer: _Answer) -> None:
    length, total = part.stat().st_size, answer.total or file.bytes
    if total is not None and length < total:
        raise WeightsError(
            f"{file.name}: the connection to {url} broke after {length} of {total} bytes; {AGAIN}"
        )
    want, got = file.sha256 or answer.sha256, digest_of(part)
    if (total is not None and length > total) or (want and got != want):
        part.unlink()
        raise WeightsError(
            f"{file.name}: {url} sent {length} bytes with SHA-256 {got[:12]}..., and "
            f"{(want or '?')[:12]}... is expected; they are deleted. {AGAIN.capitalize()}, or try "
            "a mirror"
        )


def _reason(error: OSError, timeout: float) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"the server was silent for {timeout:g} seconds"
    if isinstance(cause, ConnectionError):
        return f"the connection failed ({cause.strerror or cause})"
    reason = getattr(cause, "strerror", None) or str(cause)
    if isinstance(error, urllib.error.URLError):
        return f"cannot be reached ({reason}); is there a network?"
    return reason


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count:,} bytes"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Keeps the digest that the Hugging Face hub states as it sends on to its store of files."""

    linked: str | None = None

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str):
        self.linked = headers.get("X-Linked-ETag") or self.linked
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_response(self, request: Any, response: Any) -> Any:
        response.linked = self.linked
        return response

    https_response = http_response
