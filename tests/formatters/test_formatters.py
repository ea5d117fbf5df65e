"""The table of formatters, and what each of them is wrapped in: errors of ours, whatever went wrong inside."""

from __future__ import annotations

import pytest

from persistence import Butler
from persistence.butler import exists
from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.formatters import formatter
from persistence.policy.storages import OWN


class Unspeakable(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise ValueError("no text")


class Odd:
    """A table that writes itself, badly."""

    def writeFits(self, path: str) -> None:
        raise Unspeakable


def test_an_object_whose_error_has_no_text_is_refused_with_the_name_of_the_error(disk_of):
    disk = disk_of("FitsCatalogStorage")
    message = "thing: .*Odd.* cannot be written as FitsCatalogStorage: Unspeakable: its text is not available: ValueError"
    with pytest.raises(FormatterError, match=message):
        disk.write(Odd())


def test_a_file_whose_error_has_no_text_is_refused_by_its_name(disk_of, monkeypatch):
    def read(location: Location) -> None:
        raise Unspeakable

    monkeypatch.setattr("persistence.formatters.text.read", read)
    location = disk_of("TextStorage").put(b"x")
    with pytest.raises(FormatterError, match=f"{location.full_path} .* Unspeakable: its text"):
        formatter("TextStorage").read(location)


@pytest.mark.parametrize("storage", sorted(OWN))
def test_a_formatter_is_made_once(storage):
    assert formatter(storage) is formatter(storage)


@pytest.mark.parametrize("storage", ["Internal", "ignored", "None", ""])
def test_a_storage_that_holds_nothing_is_refused_with_those_that_do(storage):
    with pytest.raises(
        FormatterError, match=f"storage {storage!r} holds no data .those that do: FitsStorage, "
    ):
        formatter(storage)


def test_an_unknown_storage_is_refused_with_its_neighbour():
    message = "unknown storage 'FitStorage'; did you mean 'FitsStorage'.*known: .*PickleStorage"
    with pytest.raises(FormatterError, match=message):
        formatter("FitStorage")


# -- of other packages
# ------------------------------------------------------------------------------------

MODULE = """
from pathlib import Path

def read(location):
    return Path(location.full_path).read_text().split()

def write(obj, path, location):
    Path(path).write_text(" ".join(obj))

class Formatter:
    read, write = staticmethod(read), staticmethod(write)

reader_only = type("ReaderOnly", (), {"read": read})
"""


@pytest.fixture
def announce(site):
    """Return a function that installs a package which announces ToyStorage."""

    def install(target: str, code: str = MODULE) -> None:
        site(f"[persistence.formatters]\nToyStorage = {target}\n", toyshop=code)
        formatter.cache_clear()

    yield install
    formatter.cache_clear()


@pytest.mark.parametrize("target", ["toyshop", "toyshop:Formatter"])
def test_a_package_can_announce_a_storage_for_a_butler(announce, tmp_path, target):
    announce(target)
    (tmp_path / "camera.yaml").write_text(
        "datasets:\n  words: {template: 'v%(visit)d.words', storage: ToyStorage}\n"
    )
    butler = Butler(
        outputs={"root": tmp_path / "repo", "mapper": str(tmp_path / "camera.yaml"), "mode": "rw"}
    )
    assert not butler.datasetExists("words", visit=1)
    butler.put(["a", "b"], "words", visit=1)
    assert (tmp_path / "repo" / "v1.words").read_text() == "a b"
    assert butler.datasetExists("words", visit=1)
    assert exists.Existence(butler, "words")({"visit": 1})
    assert butler.get("words", visit=1) == ["a", "b"]
    with pytest.raises(FormatterError, match=r"words: .*int.* cannot be written as ToyStorage"):
        butler.put(5, "words", visit=2)


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("toyshop", "raise OSError('none')", "toyshop cannot be imported: OSError: none"),
        ("nowhere", "", "nowhere cannot be imported: ModuleNotFoundError"),
        ("toyshop:Nothing", MODULE, "toyshop:Nothing cannot be imported: AttributeError"),
        ("toyshop", "read = 5", "toyshop has no function read"),
        ("toyshop:reader_only", MODULE, "toyshop:reader_only has no function write"),
    ],
)
def test_an_announcement_that_leads_to_no_formatter_is_refused(announce, target, code, message):
    announce(target, code)
    with pytest.raises(FormatterError, match=f"storage 'ToyStorage': {message}"):
        formatter("ToyStorage")
