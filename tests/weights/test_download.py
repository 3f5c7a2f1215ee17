"""Downloads from a real server that misbehaves in every way: the file is right, or the error is."""

import errno
import hashlib
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from reverie.errors import WeightsError
from reverie.weights.download import Progress, fetch
from reverie.weights.manifest import File
from weights.mirror import Mirror, Page, mirror

CONTENT = bytes(range(256)) * 4000  # about 1 MB: several chunks
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with mirror() as running:
        running.pages["/w"] = Page(CONTENT)
        yield running


def file(server: Mirror, *paths: str, sha256: str | None = SHA, bytes: int | None = None) -> File:
    urls = tuple(server.url + path for path in paths or ("/w",))
    return File(name="w.bin", urls=urls, sha256=sha256, bytes=bytes)


def failing(wanted: File, folder: Path, says: str, timeout: float = 5.0) -> str:
    with pytest.raises(WeightsError, match=says) as caught:
        list(fetch(wanted, folder, timeout=timeout))
    assert "w.bin" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder / "w.bin").exists()
    return str(caught.value)


def arrived(wanted: File, folder: Path) -> list[Progress]:
    steps = list(fetch(wanted, folder, timeout=5))
    assert (folder / "w.bin").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["w.bin"]
    return steps


def test_a_file_arrives_with_progress_and_nothing_else_stays(server: Mirror, tmp_path: Path):
    steps = arrived(file(server, bytes=len(CONTENT)), tmp_path)
    assert [step.done for step in steps] == sorted({step.done for step in steps})
    assert len(steps) > 2
    assert steps[-1] == Progress("w.bin", len(CONTENT), len(CONTENT))


def test_a_file_that_is_here_is_not_asked_for(server: Mirror, tmp_path: Path):
    arrived(file(server), tmp_path)
    assert list(fetch(file(server), tmp_path)) == []
    assert len(server.asked) == 1


def test_a_broken_connection_keeps_the_part_and_the_next_call_goes_on(
    server: Mirror, tmp_path: Path
):
    server.pages["/w"].breaks_after = 300_000
    failing(file(server), tmp_path, r"broke after \d+ of 1024000 bytes; run the command again")
    here = (tmp_path / "w.bin.part").stat().st_size
    assert 0 < here <= 300_000
    steps = arrived(file(server), tmp_path)
    assert server.asked[-1] == ("/w", f"bytes={here}-")
    assert steps[0].done > here
    assert steps[0].total == len(CONTENT)


def test_a_caller_that_stops_listening_keeps_the_part(server: Mirror, tmp_path: Path):
    steps = fetch(file(server), tmp_path, timeout=5)
    first = next(steps)
    assert isinstance(steps, Generator)
    steps.close()
    assert (tmp_path / "w.bin.part").stat().st_size == first.done
    arrived(file(server), tmp_path)
    assert server.asked[-1][1] == f"bytes={first.done}-"


def test_a_server_that_ignores_ranges_is_read_from_the_start(server: Mirror, tmp_path: Path):
    (tmp_path / "w.bin.part").write_bytes(b"x" * 1000)
    server.pages["/w"].ranges = False
    arrived(file(server), tmp_path)
    assert server.asked[-1][1] == "bytes=1000-"


def test_a_part_longer_than_the_file_is_started_over(server: Mirror, tmp_path: Path):
    (tmp_path / "w.bin.part").write_bytes(b"x" * (len(CONTENT) + 5))
    arrived(file(server), tmp_path)


def test_without_a_digest_only_the_same_version_is_gone_on_with(server: Mirror, tmp_path: Path):
    page, wanted = server.pages["/w"], file(server, sha256=None)
    page.tag, page.breaks_after = '"one"', 300_000
    failing(wanted, tmp_path, "broke after")
    page.tag = '"two"'
    assert arrived(wanted, tmp_path)[0].done <= 1 << 18  # from the start
    assert server.asked[-1][1] is not None
    (tmp_path / "w.bin").unlink()
    page.breaks_after = 300_000
    failing(wanted, tmp_path, "broke after")
    assert arrived(wanted, tmp_path)[0].done > 1 << 18


def test_without_a_digest_and_a_version_it_starts_over(server: Mirror, tmp_path: Path):
    (tmp_path / "w.bin.part").write_bytes(b"x" * 1000)
    arrived(file(server, sha256=None), tmp_path)
    assert server.asked[-1][1] is None


def test_a_wrong_digest_deletes_the_part_and_shows_both(server: Mirror, tmp_path: Path):
    said = failing(file(server, sha256="ab" * 32), tmp_path, "abababababab... is expected")
    assert SHA[:12] in said
    assert SHA not in said
    assert not (tmp_path / "w.bin.part").exists()


@pytest.mark.parametrize("tag", ["{}", '"{}"', 'W/"{}"'])
def test_a_digest_that_the_host_states_is_held_to(server: Mirror, tmp_path: Path, tag: str):
    server.pages["/w"].tag = tag.format("ab" * 32)
    failing(file(server, sha256=None), tmp_path, "abababababab... is expected")
    server.pages["/w"].tag = tag.format(SHA)
    arrived(file(server, sha256=None), tmp_path)


def test_the_digest_stated_before_a_redirection_is_held_to(server: Mirror, tmp_path: Path):
    hub = Page(redirect="/next", headers={"X-Linked-ETag": f'"{"ab" * 32}"'})
    server.pages["/hub"], server.pages["/next"] = hub, Page(redirect="/w")
    server.pages["/w"].tag = '"store"'
    failing(file(server, "/hub", sha256=None), tmp_path, "abababababab... is expected")
    hub.headers["X-Linked-ETag"] = f'"{SHA}"'
    arrived(file(server, "/hub", sha256=None), tmp_path)


def test_a_broken_download_through_a_redirection_goes_on(server: Mirror, tmp_path: Path):
    server.pages["/hub"] = Page(redirect="/w", headers={"X-Linked-ETag": f'"{SHA}"'})
    server.pages["/w"].tag, server.pages["/w"].breaks_after = '"store"', 300_000
    failing(file(server, "/hub", sha256=None), tmp_path, "broke after")
    arrived(file(server, "/hub", sha256=None), tmp_path)
    assert server.asked[-1] != ("/w", None)


def test_a_tag_that_is_no_digest_is_no_digest(server: Mirror, tmp_path: Path):
    server.pages["/w"].tag = '"5d41402abc4b2a76b9719d911017c592"'
    arrived(file(server, sha256=None), tmp_path)


@pytest.mark.parametrize(("status", "remedy"), [(404, "try a mirror"), (500, "run the command")])
def test_an_answer_that_is_an_error_is_told(
    server: Mirror, tmp_path: Path, status: int, remedy: str
):
    server.pages["/w"] = Page(status=status, content=b"<html>sorry")
    failing(file(server), tmp_path, rf"http://127.*/w answered {status} .*{remedy}")


@pytest.mark.parametrize(
    "page",
    [
        Page(b"<!DOCTYPE html><html>Please sign in</html>", kind="application/octet-stream"),
        Page(b"\r\n <HTML>quota exceeded", kind="application/octet-stream"),
        Page(b"Please sign in", kind="text/html; charset=utf-8"),
    ],
)
def test_a_web_page_is_not_taken_for_the_file(server: Mirror, tmp_path: Path, page: Page):
    server.pages["/w"] = page
    failing(file(server, sha256=None), tmp_path, "serves a web page, not the file")
    assert not (tmp_path / "w.bin.part").exists()


def test_a_length_other_than_the_manifest_says_is_refused_before_it_comes(
    server: Mirror, tmp_path: Path
):
    failing(file(server, bytes=17), tmp_path, "has 1024000 bytes, and 17 are expected")
    assert not (tmp_path / "w.bin.part").exists()


def test_too_much_or_too_little_without_a_stated_length_is_noticed(server: Mirror, tmp_path: Path):
    server.pages["/w"].chunked = True
    failing(file(server, bytes=17, sha256=None), tmp_path, "sent 1024000 bytes")
    failing(file(server, bytes=1_024_001, sha256=None), tmp_path, "broke after 1024000 of 1024001")
    arrived(file(server, bytes=len(CONTENT)), tmp_path)


def test_mirrors_are_tried_in_turn(server: Mirror, tmp_path: Path):
    server.pages["/page"] = Page(b"<html>", kind="text/html")
    server.pages["/wrong"] = Page(b"something else")
    arrived(file(server, "/none", "/page", "/wrong", "/w"), tmp_path)
    assert [path for path, _ in server.asked] == ["/none", "/page", "/wrong", "/w"]


def test_when_all_mirrors_fail_each_reason_is_told(server: Mirror, tmp_path: Path):
    server.pages["/page"] = Page(b"<html>", kind="text/html")
    said = failing(file(server, "/none", "/page"), tmp_path, "answered 404")
    assert "web page" in said


def test_a_second_mirror_goes_on_where_the_first_broke(server: Mirror, tmp_path: Path):
    server.pages["/v"] = Page(CONTENT, breaks_after=300_000)
    arrived(file(server, "/v", "/w"), tmp_path)
    assert server.asked[-1][0] == "/w"
    assert server.asked[-1][1] is not None


def test_no_network_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/w"
        failing(File(name="w.bin", urls=(url,)), tmp_path, "the connection failed .Connection ref")
    nowhere = File(name="w.bin", urls=("https://nowhere.invalid/w",))
    failing(nowhere, tmp_path, "cannot be reached .*is there a network")


def test_a_silent_server_is_left(server: Mirror, tmp_path: Path):
    server.pages["/w"].stalls = True
    failing(file(server), tmp_path, "was silent for 0.2 seconds", timeout=0.2)


def test_a_server_that_falls_silent_midway_is_left_and_gone_on_with(server: Mirror, tmp_path: Path):
    server.pages["/w"].stalls_after = 600_000
    failing(file(server), tmp_path, "silent", timeout=0.3)
    here = (tmp_path / "w.bin.part").stat().st_size
    assert here >= 1 << 18
    server.pages["/w"].stalls_after = None
    arrived(file(server), tmp_path)
    assert server.asked[-1][1] == f"bytes={here}-"


def test_more_than_the_disk_holds_is_refused_before_it_comes(server: Mirror, tmp_path: Path):
    server.pages["/w"].claims = 1 << 60
    failing(file(server), tmp_path, r"1,152,921,504,607 MB to fetch and .* free .*REVERIE_HOME")
    assert not (tmp_path / "w.bin.part").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk always full")
def test_a_disk_that_fills_up_is_told(server: Mirror, tmp_path: Path):
    (tmp_path / "w.bin.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)), Path("/dev/full").open("wb") as f:
        f.write(b"x")
        f.flush()
    failing(file(server), tmp_path, "w.bin: the disk of .* is full")
