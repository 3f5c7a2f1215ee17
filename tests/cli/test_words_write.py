"""`reverie words write` from the shell, with every writer."""

import json
from pathlib import Path

import pytest

from words.servers import Served

CLIP = str(Path(__file__).parent.parent / "golden" / "clip-vit" / "weights.safetensors")
WRITE = ("words", "write", "a lighthouse", "--seed", 1)


@pytest.fixture(autouse=True)
def elsewhere(somewhere_else):
    return somewhere_else


@pytest.fixture
def server():
    with Served(lambda it, path, body: it.stream("1. a red fox\n2. an owl\n3. a cat")) as served:
        yield served


def test_the_writer_in_the_package_writes_with_nothing_installed(reverie):
    code, out, err = reverie(*WRITE, "-n", 5)
    assert code == 0 and out.count("\n") == 5
    assert all(line.startswith("a lighthouse") for line in out.splitlines())
    assert "understands nothing" in err and "seed 1" in err
    assert reverie(*WRITE, "-n", 5)[1] == out


def test_examples_come_from_a_file_and_one_by_one_and_none_comes_back(reverie):
    Path("list.txt").write_text("a lighthouse in fog, xylotype\n")
    more = ("--examples", "list.txt", "--example", "a lighthouse, zincograph")
    _, out, _ = reverie(*WRITE, "-n", 30, *more)
    assert "xylotype" in out and "zincograph" in out
    assert not {"a lighthouse in fog, xylotype", "a lighthouse, zincograph"} & {*out.splitlines()}


def test_the_grammar_takes_words_that_the_pocket_models_know(reverie):
    _, out, _ = reverie(*WRITE, "-n", 60)
    assert "steampunk" not in out and ", by " not in out
    assert ", by " in reverie(*WRITE, "-n", 60, "--perceptor", CLIP)[1]


def test_a_server_writes(reverie, server):
    code, out, err = reverie(*WRITE, "-n", 3, "--writer", server.address)
    assert (code, out) == (0, "a red fox\nan owl\na cat\n")
    assert f"with tiny at {server.address}/v1" in err
    reverie(*WRITE, "-n", 3, "--writer", server.address, "--model", "large")
    assert server.asked[-1][1]["model"] == "large"


def test_fewer_than_asked_for_are_told_with_the_reasons(reverie, server):
    more = ("--example", "an owl", "--writer", server.address)
    code, out, err = reverie(*WRITE, "-n", 5, *more)
    assert (code, out) == (0, "a red fox\na cat\n")
    assert "2 of 5 prompts; refused: 4 repeated" in err


def test_prompts_that_are_too_long_for_the_perceptor_are_refused(reverie):
    long = "word " * 40

    def answer(it, path, body):
        it.stream(f"{long}\na fox")

    with Served(answer) as served:
        _, out, err = reverie(*WRITE, "-n", 2, "--writer", served.address)
    assert out == "a fox\n" and "too long" in err


def test_what_came_before_a_failure_is_kept(reverie):
    def answer(it, path, body):
        it.begin()
        it.piece("a red fox\nan ow")
        it.server.leave.wait(30)

    with Served(answer) as served:
        more = ("--writer", served.address, "--timeout", "0.3s", "-o", "list.txt")
        code, out, err = reverie(*WRITE, "-n", 2, *more)
    assert (code, out) == (2, "list.txt\n")
    assert Path("list.txt").read_text() == "a red fox\n"
    assert "1 of 2 prompts" in err and "said nothing for 0.3 s" in err


def test_what_came_before_ctrl_c_is_kept(reverie, monkeypatch):
    from reverie.words.grammar import Grammar

    def lines(self, request, turn):
        yield "a red fox"
        raise KeyboardInterrupt

    monkeypatch.setattr(Grammar, "lines", lines)
    code, _, err = reverie(*WRITE, "-o", "list.txt")
    assert code == 130 and "1 of 10 prompts" in err
    assert Path("list.txt").read_text() == "a red fox\n"


def test_what_cannot_be_put_in_its_file_is_shown(reverie):
    code, out, err = reverie(*WRITE, "-n", 3, "-o", "/dev/full")
    assert code == 2 and out.count("a lighthouse") == 3 and "No space left" in err


def test_a_list_that_is_there_is_not_lost(reverie):
    Path("list.txt").write_text("mine\n")
    Path("file").write_text("")
    for place, said in (("list.txt", "is there already"), ("file/list.txt", "nothing can be")):
        code, out, err = reverie(*WRITE, "-o", place)
        assert (code, out) == (2, "") and said in err and err.count("\n") == 1
    assert Path("list.txt").read_text() == "mine\n"
    assert reverie(*WRITE, "-n", 2, "-o", "list.txt", "--overwrite")[0] == 0
    assert Path("list.txt").read_text().count("a lighthouse") == 2


def test_a_list_that_was_written_can_be_read_again_whatever_its_prompts_begin_with(reverie):
    from reverie.words.lists import read_list

    reverie("words", "write", "#fox", "-n", 3, "-o", "list.txt")
    assert len(read_list("list.txt")) == 3


def test_no_prompt_at_all_is_a_failure_and_no_file(reverie):
    with Served(lambda it, path, body: it.stream("Sure! Here are three:")) as served:
        code, out, err = reverie(*WRITE, "--writer", served.address, "-o", "list.txt")
    assert (code, out) == (2, "") and "0 of 10 prompts; it said no prompts" in err
    assert not Path("list.txt").exists()


def test_prompts_come_as_json(reverie):
    _, out, err = reverie(*WRITE, "-n", 3, "--json", "-o", "list.txt")
    assert len(json.loads(out)) == 3 and "list.txt" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "say what the prompts are about"),
        (("a fox", "-n", "0"), "count is 0"),
        (("a fox", "--temperature", "9"), "0 to 2"),
        (("a fox", "--writer", "gpt"), "is no folder"),
        (("a fox", "--writer", "grammer"), "did you mean grammar?"),
        (("a fox", "--writer", "localhost:11434/v1"), "did you mean http://localhost:11434/v1?"),
        (("a fox", "--writer", "http://127.0.0.1:9"), "cannot be reached"),
        (("a fox", "--writer", "."), "holds no model of transformers"),
        (("a fox", "--model", "llama"), "goes with a server"),
        (("a fox", "-o", "."), "is a folder; name the file"),
        (("a fox", "--examples", "none.txt"), "none.txt: cannot be read"),
        (("a fox", "--perceptor", "nobody"), "there is no model 'nobody'"),
    ],
)
def test_mistakes_are_told_in_a_line(reverie, arguments, said):
    code, out, err = reverie("words", "write", *arguments)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1, err
