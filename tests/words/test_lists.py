"""Lists of prompts are text files."""

import pytest

from reverie.errors import WordsError
from reverie.words.lists import read_list, write_list


def test_a_list_is_read_as_it_was_written(tmp_path):
    lines = ["a fox, by Käthe Kollwitz", "Ein Fuchs:1.5 | 雪", "a"]
    assert write_list(tmp_path / "new" / "list.txt", lines) == tmp_path / "new" / "list.txt"
    assert read_list(tmp_path / "new" / "list.txt") == lines
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["list.txt"]


def test_empty_lines_and_remarks_and_marks_of_windows_say_nothing(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbf# remark\r\n\r\n  a fox  \r\nan #owl\r\n")
    assert read_list(file) == ["a fox", "an #owl"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a fox \xff", "not text in UTF-8 .byte 6"),
        (b"a\x00b", "is no text"),
        (b"# remark\n", "has no lines"),
        (b"", "has no lines"),
    ],
)
def test_what_is_no_list_is_refused(data, message, tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(data)
    with pytest.raises(WordsError, match=message):
        read_list(file)
    with pytest.raises(WordsError, match="cannot be read"):
        read_list(tmp_path / "none.txt")
    with pytest.raises(WordsError, match="is no file"):
        read_list(tmp_path)


def test_a_file_of_great_size_is_not_read(tmp_path):
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(WordsError, match="larger than 16 MB"):
        read_list(tmp_path / "huge.txt")


def test_a_prompt_that_begins_like_a_remark_is_none(tmp_path):
    assert read_list(write_list(tmp_path / "a.txt", ["#1 poster", "a"])) == ["#1 poster", "a"]


def test_a_link_is_followed_and_the_rights_of_a_file_stay(tmp_path):
    file = write_list(tmp_path / "a.txt", ["a"])
    file.chmod(0o600)
    (tmp_path / "link.txt").symlink_to(file)
    write_list(tmp_path / "link.txt", ["b"])
    assert read_list(file) == ["b"] and file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link.txt").is_symlink() and len([*tmp_path.iterdir()]) == 2


def test_what_is_no_file_is_never_replaced(tmp_path):
    assert write_list("/dev/null", ["a"]).is_char_device()
    with pytest.raises(WordsError, match="is a folder"):
        write_list(tmp_path, ["a"])
    with pytest.raises(WordsError, match="is no file"):
        read_list("/dev/zero")


def test_a_list_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = write_list(tmp_path / "list.txt", ["a fox"])
    with pytest.raises(UnicodeEncodeError):
        write_list(file, ["an owl", "\ud800"])
    assert read_list(file) == ["a fox"] and len([*tmp_path.iterdir()]) == 1
