"""A language model behind an address, spoken to over a real connection."""

import socket
import threading

import pytest

from reverie.errors import WordsError
from reverie.words.endpoint import Endpoint
from reverie.words.writer import Request, Writing
from words.servers import Served

TEXT = "1. a red fox, oil painting\n2. an owl at night\n3. a cat in the snow"
LINES = TEXT.split("\n")
REQUEST = Request(description="an animal", examples=("a hen, mosaic",), count=3, seed=5)


@pytest.fixture
def served():
    """Starts servers, and ends them."""
    running = []

    def start(answer):
        running.append(Served(answer).__enter__())
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


def endpoint(server, model=None, timeout=10.0):
    return Endpoint(server.address, model, timeout=timeout)


def lines(server, model=None, timeout=10.0, turn=0, request=REQUEST):
    return [*endpoint(server, model, timeout).lines(request, turn)]


def test_a_chat_is_read_in_lines_however_it_is_cut_in_pieces(served):
    for size in (1, 7, 1000):
        server = served(lambda it, path, body, size=size: it.stream(TEXT, size))
        assert lines(server) == LINES


def test_lines_come_before_the_answer_is_whole(served):
    read = threading.Event()

    def answer(it, path, body):
        it.begin()
        it.piece("a red fox\nan o")
        assert read.wait(10)
        it.piece("wl")
        it.event("[DONE]")
        it.chunk(b"")

    found = endpoint(served(answer)).lines(REQUEST, 0)
    assert next(found) == "a red fox"
    read.set()
    assert [*found] == ["an owl"]


def test_a_server_is_told_what_is_wanted(served, monkeypatch):
    monkeypatch.setenv("REVERIE_WRITER_KEY", "secret")
    server = served(lambda it, path, body: it.stream(TEXT))
    lines(server, turn=2)
    path, body, head = server.asked[-1]
    assert path == "/v1/chat/completions" and head["Authorization"] == "Bearer secret"
    assert (body["model"], body["temperature"], body["seed"]) == ("tiny", 0.9, 7)
    assert body["stream"] is True and body["max_tokens"] >= 100
    said = body["messages"][0]["content"]
    assert "an animal" in said and "a hen, mosaic" in said and "Write 3 new prompts" in said


def test_no_key_is_sent_where_none_is_set(served, monkeypatch):
    monkeypatch.delenv("REVERIE_WRITER_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "of another")
    server = served(lambda it, path, body: it.stream(TEXT))
    lines(server)
    assert all("Authorization" not in head for _, _, head in server.asked)


def test_a_server_without_chat_goes_on_with_a_list(served):
    def answer(it, path, body):
        if path == "/v1/completions":
            it.stream(" a red fox\n4. an owl", chat=False)
        else:
            it.whole({"error": "not found"}, 404)

    server = served(answer)
    writer = endpoint(server)
    assert [*writer.lines(REQUEST, 0)] == [" a red fox", "4. an owl"]
    assert server.asked[-1][1]["prompt"].endswith("\n1. a hen, mosaic\n2.")
    before = len(server.asked)
    assert [*writer.lines(REQUEST, 1)]
    assert [path for path, _, _ in server.asked[before:]] == ["/v1/models", "/v1/completions"]


def test_an_answer_may_come_whole(served):
    for one in ({"message": {"content": TEXT}}, {"text": TEXT}):
        server = served(lambda it, path, body, one=one: it.whole({"choices": [one]}))
        assert lines(server) == LINES


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
def test_an_address_is_taken_however_it_ends(served, end):
    server = served(lambda it, path, body: it.stream(TEXT))
    assert [*Endpoint(server.address + end).lines(REQUEST, 0)] == LINES


@pytest.mark.parametrize(
    "address",
    ["localhost:11434", "ftp://x/v1", "http://", "file:///etc/passwd", "http://[::1", "http://a:b"],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(WordsError, match="is no address of a server"):
        Endpoint(address)


@pytest.mark.parametrize("address", ["http://a..b", f"http://{'a' * 70}.com"])
def test_a_name_that_no_machine_can_have_is_told(address):
    with pytest.raises(WordsError, match="cannot be reached"):
        Endpoint(address).chosen()


@pytest.mark.parametrize("timeout", [0, -1, 1e12, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout):
    with pytest.raises(WordsError, match=r"timeout is .* s; more than 0"):
        Endpoint("http://127.0.0.1:9", timeout=timeout)


@pytest.mark.parametrize("port", ["9", "none"])
def test_a_password_in_an_address_is_refused_and_not_shown(port):
    with pytest.raises(WordsError, match="set REVERIE_WRITER_KEY") as caught:
        Endpoint(f"http://me:secret@127.0.0.1:{port}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["secret\nX-More: 1", "secr\u20act"])
def test_a_key_that_cannot_be_sent_is_told_and_not_shown(monkeypatch, key):
    monkeypatch.setenv("REVERIE_WRITER_KEY", key)
    with pytest.raises(WordsError, match="no key can have") as caught:
        Endpoint("http://127.0.0.1:9").chosen()
    assert "secr" not in str(caught.value)


def test_a_line_end_behind_a_key_is_not_sent(served, monkeypatch):
    monkeypatch.setenv("REVERIE_WRITER_KEY", "secret\n")
    server = served(lambda it, path, body: it.stream(TEXT))
    lines(server)
    assert server.asked[-1][2]["Authorization"] == "Bearer secret"


def test_a_line_that_was_cut_for_its_length_is_no_prompt(served):
    def streams(it, path, body):
        it.begin()
        it.piece("a red fox\nan old ow")
        it.event({"choices": [{"delta": {}, "finish_reason": "length"}]})
        it.event("[DONE]")
        it.chunk(b"")

    one = {"message": {"content": "a red fox\nan old ow"}, "finish_reason": "length"}
    assert lines(served(streams)) == ["a red fox"]
    assert lines(served(lambda it, path, body: it.whole({"choices": [one]}))) == ["a red fox"]


class TestModels:
    def test_the_first_is_taken_unless_one_is_named(self, served):
        server = served(lambda it, path, body: it.stream(TEXT))
        assert endpoint(server).chosen() == "tiny"
        assert endpoint(server, "large").chosen() == "large"

    def test_one_that_is_not_there_is_told_with_those_that_are(self, served):
        server = served(lambda it, path, body: it.stream(TEXT))
        with pytest.raises(WordsError, match=r"has no model 'tiney' .did you mean 'tiny'"):
            endpoint(server, "tiney").chosen()
        server.models = 5
        with pytest.raises(WordsError, match="has no models; load one"):
            endpoint(server).chosen()
        server.models = []
        with pytest.raises(WordsError, match="has no models; load one"):
            endpoint(server).chosen()


class TestFailures:
    def fails(self, server, message, kept=(), **how):
        found = []
        with pytest.raises(WordsError, match=message) as caught:
            for line in endpoint(server, **how).lines(REQUEST, 0):
                found.append(line)
        assert found == [*kept] and "\n" not in str(caught.value)

    def test_a_server_that_falls_silent_is_not_waited_for(self, served):
        def stalls(it, path, body):
            it.begin()
            it.piece("a red fox\nan ow")
            it.server.leave.wait(30)

        self.fails(served(stalls), r"said nothing for 0\.3 s", ["a red fox"], timeout=0.3)

    def test_a_server_that_never_answers_is_not_waited_for(self, served):
        server = served(lambda it, path, body: it.server.leave.wait(30))
        self.fails(server, r"said nothing for 0\.3 s; .*--timeout", timeout=0.3)

    def test_a_connection_that_breaks_keeps_whole_lines(self, served):
        def breaks(it, path, body):
            it.begin()
            it.piece("a red fox\nan ow")
            it.connection.shutdown(socket.SHUT_RDWR)

        self.fails(served(breaks), "broke off", ["a red fox"])

    def test_an_answer_that_is_cut_short_keeps_nothing_of_it(self, served):
        def breaks(it, path, body):
            it.send_response(200)
            it.send_header("Content-Length", "1000")
            it.end_headers()
            it.wfile.write(b'{"choices"')

        self.fails(served(breaks), "broke off")

    def test_nobody_listens(self):
        with pytest.raises(WordsError, match=r"cannot be reached .*start it there, such as"):
            Endpoint("http://127.0.0.1:9").chosen()

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            ({"error": {"message": "out of\nmemory", "code": 500}}, "500: out of memory"),
            ({"error": "no such model"}, "500: no such model"),
            ({"detail": "bad"}, "500: bad"),
            ("it\nbroke", "500: it broke"),
            ("<html><h1>Oh</h1></html>", "500: Internal Server Error"),
            ("", "500: Internal Server Error"),
        ],
    )
    def test_a_server_says_itself_what_is_wrong(self, served, error, said):
        self.fails(served(lambda it, path, body: it.whole(error, 500)), said)

    def test_a_key_is_asked_for_where_one_is_wanted(self, served):
        refuses = served(lambda it, path, body: it.whole({"error": "no key"}, 401))
        self.fails(refuses, "401: no key; set REVERIE_WRITER_KEY")

    def test_what_neither_chats_nor_goes_on_is_told(self, served):
        server = served(lambda it, path, body: it.whole({"error": f"no {path}"}, 404))
        self.fails(server, "404: no /v1/chat/completions")

    def test_an_error_in_the_stream_is_told(self, served):
        def answer(it, path, body):
            it.begin()
            it.piece("a red fox\n")
            it.event({"error": {"message": "cuda is gone"}})
            it.chunk(b"")

        self.fails(served(answer), "failed: cuda is gone", ["a red fox"])

    @pytest.mark.parametrize(
        ("data", "kind", "message"),
        [
            ("<!DOCTYPE html><p>router", "text/html", "answers with a web page"),
            ("{not json", "application/json", "answers with no JSON"),
            ("[1, 2]", "application/json", "JSON of another kind"),
            ("[" * 100_000, "application/json", "answers with no JSON"),
        ],
    )
    def test_what_is_no_such_server_is_told(self, served, data, kind, message):
        self.fails(served(lambda it, path, body: it.whole(data, kind=kind)), message)

    def test_a_model_that_only_thinks_is_told(self, served):
        def thinks(it, path, body):
            it.begin()
            it.event({"choices": [{"delta": {"reasoning_content": "hm"}}]})
            it.event({"choices": [{"delta": {}, "finish_reason": "length"}]})
            it.chunk(b"")

        self.fails(served(thinks), r"wrote nothing in \d+ tokens; if tiny thinks first")

    def test_an_error_does_not_steer_the_terminal(self, served):
        server = served(lambda it, path, body: it.whole({"error": "\x1b[31mred"}, 500))
        self.fails(server, "500: red")

    def test_garbage_in_the_stream_is_told(self, served):
        def answer(it, path, body):
            it.begin()
            it.event("{garbage")
            it.chunk(b"")

        self.fails(served(answer), "answers with no JSON")

    def test_no_other_address_is_followed(self, served):
        other = served(lambda it, path, body: it.stream(TEXT))
        there = f"{other.address}/v1/chat/completions"
        server = served(lambda it, path, body: it.whole("", 302, Location=there))
        self.fails(server, f"it has moved to {there}")
        assert not other.asked

    def test_an_endless_answer_ends(self, served, monkeypatch):
        monkeypatch.setattr("reverie.words.endpoint.MOST", 20_000)

        def endless(it, path, body):
            it.begin()
            while not it.server.leave.is_set():
                it.piece("a fox\n" + "word " * 50)

        assert 1 < len(lines(served(endless))) < 100

    @pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{"message": None}]}])
    def test_an_empty_answer_has_no_prompts(self, served, answer):
        server = served(lambda it, path, body: it.whole(answer))
        assert [*Writing(endpoint(server), REQUEST, lambda text: True)] == []


def test_a_server_is_asked_again_until_there_are_enough(served):
    def answer(it, path, body):
        it.stream(f"a fox of {body['seed']}\na hen, mosaic\n")

    server = served(answer)
    writing = Writing(endpoint(server), REQUEST, lambda text: True)
    assert [*writing] == ["a fox of 5", "a fox of 6", "a fox of 7"]
    assert writing.refused == {"repeated": 2}


def test_a_stream_may_end_without_its_last_mark_where_the_text_did(served):
    def answer(it, path, body):
        it.begin()
        it.piece("a red fox")
        it.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        it.chunk(b"")

    assert lines(served(answer)) == ["a red fox"]


def test_what_is_not_encrypted_goes_through_no_proxy(served, monkeypatch):
    monkeypatch.setenv("REVERIE_WRITER_KEY", "secret")
    proxy = served(lambda it, path, body: it.stream(TEXT))
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(WordsError):
        Endpoint("http://writer.invalid").chosen()
    assert not proxy.asked


def test_a_key_is_not_shown_where_a_server_repeats_it(served, monkeypatch):
    monkeypatch.setenv("REVERIE_WRITER_KEY", "sekret123")
    server = served(lambda it, path, body: it.whole({"error": "bad key sekret123"}, 401))
    with pytest.raises(WordsError) as caught:
        lines(server)
    assert "bad key ***" in str(caught.value) and "sekret123" not in str(caught.value)
    with pytest.raises(WordsError) as caught:
        Endpoint("http://user:pass/word@host/v1")
    assert "pass/word" not in str(caught.value)


def test_what_a_server_calls_its_models_cannot_steer_a_terminal(served):
    server = served(lambda it, path, body: it.stream(TEXT))
    server.models = ["\x1b[2Jevil\nmodel"]
    assert endpoint(server).chosen() == "evil model"


def test_a_server_that_only_says_that_it_is_there_is_not_waited_for(served):
    def pings(it, path, body):
        it.begin()
        while not it.server.leave.wait(0.05):
            it.chunk(b": ping\n\n")

    with pytest.raises(WordsError, match=r"said nothing for 0\.3 s"):
        lines(served(pings), timeout=0.3)


def test_a_text_that_has_ended_is_not_waited_on(served):
    def holds(it, path, body):
        it.begin()
        it.piece("a red fox")
        it.event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        it.server.leave.wait(30)

    assert lines(served(holds), timeout=0.5) == ["a red fox"]
