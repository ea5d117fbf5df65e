"""Files of words on a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.cli import wordfiles
from persistence.errors import UsageError

CONTENT = """
# two visits of one chip
--id visit=411371^411420 ccdnum=10 # two visits

   --config label="two words" 'sub.n=1'
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lines_are_parted_as_a_shell_does_without_comments(here: Path) -> None:
    (here / "a").write_text(CONTENT)
    words = ["--id", "visit=411371^411420", "ccdnum=10", "--config", "label=two words", "sub.n=1"]
    assert wordfiles.expanded(["repo", "@a", "-j", "2"]) == ["repo", *words, "-j", "2"]


def test_files_may_name_files_and_be_named_often(here: Path) -> None:
    (here / "a").write_text("one @b\nlast")
    (here / "b").write_text("two # three")
    assert wordfiles.expanded(["@b", "@a", "@b"]) == ["two", "one", "two", "last", "two"]


def test_a_mark_of_byte_order_is_no_part_of_the_first_word(here: Path) -> None:
    (here / "a").write_bytes(b"\xef\xbb\xbf--id visit=1\r\n")
    assert wordfiles.expanded(["@a"]) == ["--id", "visit=1"]


def test_a_word_with_the_mark_inside_is_a_word() -> None:
    assert wordfiles.expanded(["label=@x", "a@b"]) == ["label=@x", "a@b"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("@none", "@none cannot be read: No such file"),
        ("@folder", "@folder cannot be read: Is a directory"),
        ("@open", "@open, line 2: No closing quotation: -c label='x"),
        ("@self", "@self leads back to itself: .*self -> .*self"),
        ("@pair", "@pair leads back to itself: .*pair -> .*other -> .*pair"),
        ("@bytes", "@bytes is not UTF-8 text"),
        ("@zero", r"@zero, line 2: a zero byte is not text: 'a\\x00b'"),
        ("@", "@ cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(here: Path, word: str, message: str) -> None:
    (here / "folder").mkdir()
    (here / "open").write_text("fine\n-c label='x\n")
    (here / "self").write_text("a @self")
    (here / "pair").write_text("@other")
    (here / "other").write_text("@pair")
    (here / "zero").write_text("fine\na\0b\n")
    (here / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=message):
        wordfiles.expanded([word])
