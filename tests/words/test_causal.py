"""A causal model of transformers, small, and trained here on a few lines."""

import json

import pytest
import torch

from reverie.device import machine
from reverie.errors import WordsError
from reverie.words.causal import Causal
from reverie.words.writer import Request, Writing, continued

transformers = pytest.importorskip("transformers", reason="needs reverie[transformers]")

CPU = machine("cpu", "fp32")
REQUEST = Request(description="a fox", examples=("a hen",), count=2, seed=3)
TAUGHT = ("a red fox in the snow", "an owl at night", "a blue cat")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of one layer that has learnt three lines, and its letters as tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted({*"".join(TAUGHT), *continued(REQUEST), *"0123456789.,\n "})
    vocabulary = {"<end>": 0} | {letter: i for i, letter in enumerate(letters, 1)}
    letter_by_letter = Tokenizer(models.WordLevel(vocabulary, unk_token="<end>"))
    letter_by_letter.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    letter_by_letter.decoder = decoders.Fuse()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=letter_by_letter, eos_token="<end>", unk_token="<end>"
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.GPT2Config(
            vocab_size=len(vocabulary), n_positions=256, n_embd=48, n_layer=1, n_head=2,
            bos_token_id=0, eos_token_id=0,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        )  # fmt: skip
        model = transformers.GPT2LMHeadModel(config)
        text = continued(REQUEST) + "".join(f" {line}\n3." for line in TAUGHT)
        ids = torch.tensor([[*tokenizer(text)["input_ids"], 0]])
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(120):
            optimizer.zero_grad()
            model(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
    folder = tmp_path_factory.mktemp("writer")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_model_writes_what_it_has_learnt(folder):
    request = Request(description="a fox", examples=("a hen",), count=3, temperature=0.0)
    assert [*Writing(Causal(folder, CPU), request, lambda text: True)] == [*TAUGHT]


def test_the_same_seed_writes_the_same_and_other_seeds_and_turns_others(folder):
    writer = Causal(folder, CPU)

    def said(seed, turn):
        wild = Request(description="an owl", examples=("a cat",), temperature=2.0, seed=seed)
        return "\n".join(writer.lines(wild, turn))

    assert said(1, 0) == said(1, 0)
    assert len({said(seed, 0) for seed in range(4)}) > 1
    assert len({said(1, turn) for turn in range(4)}) > 1


def test_the_random_state_of_others_is_left_alone(folder):
    before = torch.get_rng_state()
    [*Causal(folder, CPU).lines(REQUEST, 0)]
    assert torch.equal(torch.get_rng_state(), before)


def test_lines_come_before_the_answer_is_whole(folder, monkeypatch):
    monkeypatch.setattr("reverie.words.causal.TOKENS", 12)
    writer, asked = Causal(folder, CPU), []
    real = writer.model.generate
    writer.model.generate = lambda *a, **k: asked.append(1) or real(*a, **k)
    lines = writer.lines(
        Request(description="a fox", examples=("a hen",), count=9, temperature=0.0), 0
    )
    assert next(lines).strip() == TAUGHT[0] and len(asked) <= 3
    assert next(lines) == f"3. {TAUGHT[1]}" and len(asked) > 3


def test_the_last_examples_stay_where_there_is_no_room_for_all(folder):
    writer = Causal(folder, CPU)
    many = Request(description="a fox", examples=tuple(f"hen {i}" for i in range(40)), count=1)
    text = writer.tokenizer.decode(writer._asked(many))
    assert "hen 39" in text and "hen 0\n" not in text
    assert len(writer._asked(many)) < 256 - 40


def test_as_many_examples_stay_as_there_is_room_for_without_trying_each(folder):
    writer, tried = Causal(folder, CPU), []
    real = writer._ids
    writer._ids = lambda request: tried.append(1) or real(request)
    many = Request(description="a fox", examples=("hen",) * 500, count=1)
    assert 256 - 48 - len("500. hen\n") <= len(writer._asked(many)) <= 256 - 48
    assert len(tried) < 20


def test_a_line_that_was_cut_for_its_length_is_no_prompt(folder, monkeypatch):
    monkeypatch.setattr("reverie.words.causal.TOKENS", len(TAUGHT[0]) + 8)
    request = Request(description="a fox", examples=("a hen",), count=1, temperature=0.0)
    assert [line.strip() for line in Causal(folder, CPU).lines(request, 0)] == [TAUGHT[0]]


def test_the_last_line_counts_where_the_model_ended_it(folder, monkeypatch):
    writer = Causal(folder, CPU)
    said = [*writer.tokenizer(" a blue cat\n3. a red fox")["input_ids"], 0]
    monkeypatch.setattr(writer, "_more", lambda *_: said)
    assert [*writer.lines(REQUEST, 0)] == [" a blue cat", "3. a red fox"]


def test_a_description_that_has_no_room_is_refused(folder):
    long = Request(description="a fox " * 60)
    with pytest.raises(WordsError, match=r"takes \d+ tokens, and this model reads 256"):
        next(Causal(folder, CPU).lines(long, 0))


def test_a_model_that_answers_is_asked_in_its_own_form(folder):
    writer = Causal(folder, CPU)
    writer.tokenizer.chat_template = "{% for m in messages %}a {{ m['role'][0] }} {% endfor %}"
    assert writer.tokenizer.decode(writer._asked(REQUEST)).strip() == "a u"


@pytest.mark.parametrize("broken", ["config.json", "model.safetensors"])
def test_what_is_no_such_model_is_told(folder, tmp_path, broken):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(b"{" if file.name == broken else file.read_bytes())
    with pytest.raises(WordsError, match="cannot be read as a causal language model"):
        Causal(tmp_path, CPU)
    with pytest.raises(WordsError, match="holds no model of transformers"):
        Causal(tmp_path / "none", CPU)


def test_pickled_weights_are_not_read(folder, tmp_path):
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({"a": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(WordsError, match="cannot be read"):
        Causal(tmp_path, CPU)


def copied(folder, target):
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_no_code_that_comes_with_a_model_is_run(folder, tmp_path):
    copied(folder, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(
        f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n"
    )
    with pytest.raises(WordsError, match="cannot be read"):
        Causal(tmp_path, CPU)
    assert not (tmp_path / "ran").exists()


def test_a_model_that_lacks_weights_is_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    copied(folder, tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors.pop("transformer.h.0.attn.c_attn.weight")
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(WordsError, match="lacks weights of the model, such as .*c_attn"):
        Causal(tmp_path, CPU)


@pytest.mark.parametrize("broken", [[], {"n_head": "x"}, {"n_head": 0}])
def test_a_configuration_of_nonsense_is_told(folder, tmp_path, broken):
    copied(folder, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    text = json.dumps(config | broken if isinstance(broken, dict) else broken)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(WordsError, match="cannot be read"):
        Causal(tmp_path, CPU)


@pytest.mark.parametrize("template", ["{% if", "{{ raise_exception('no') }}"])
def test_a_chat_template_that_fails_is_told(folder, template):
    writer = Causal(folder, CPU)
    writer.tokenizer.chat_template = template
    with pytest.raises(WordsError, match="chat template cannot be used"):
        next(writer.lines(REQUEST, 0))
