"""Functions that a script registers, as Gen2 let it: a Butler of the process reads and writes with them, or they are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence import Butler, ButlerLocation, Mapper, PosixStorage, StorageInterface
from persistence.butler import exists
from persistence.compat.safefileio import SafeFilename
from persistence.errors import FormatterError, NoResults, PolicyError, RepositoryError
from persistence.formatters import formatter
from persistence.policy import storages

CAMERA = """
datasets:
  words: {template: 'words/v%(visit)d.words', storage: WordStorage, python: lsst.x.Words, keys: {visit: int}}
  things: {template: 'v%(visit)d.thing', python: THING}
  place: {template: 'v%(visit)d.place', python: THING, storage: 'None'}
  note: {template: 'v%(visit)d.txt', storage: TextStorage, python: THING}
"""


class Thing:
    """Something that no storage of ours can hold."""

    def __init__(self, text: str) -> None:
        self.text = text


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Forget what a test registers."""
    before = dict(storages.registered)
    yield
    storages.registered.clear()
    storages.registered.update(before)
    formatter.cache_clear()


def path_of(location: Any) -> str:
    return os.path.join(location.getStorage().root, location.getLocations()[0])


def read(location: Any) -> list[Any]:
    """Read as Gen2's formatters did: a list, of what lies at each path."""
    return [Path(path).read_text().split() for path in location.getLocationsWithRoot()]


def write(location: Any, obj: Any) -> None:
    """Write as Gen2's formatters did: beside the file, which is then moved."""
    with SafeFilename(path_of(location)) as name:
        Path(name).write_text(" ".join(obj))


def read_thing(location: Any) -> list[Any]:
    return [Thing(Path(path_of(location)).read_text())]


def write_thing(location: Any, thing: Thing) -> None:
    Path(path_of(location)).write_text(thing.text)


def open_butler(folder: Path) -> Butler:
    """Open a new repository whose policy names `Thing`, by its module."""
    thing = f"{Thing.__module__}.{Thing.__qualname__}"
    (folder / "camera.yaml").write_text(CAMERA.replace("THING", thing))
    repository = {"root": folder / "repo", "mapper": str(folder / "camera.yaml"), "mode": "rw"}
    return Butler(outputs=repository)


@pytest.fixture
def butler(tmp_path: Path) -> Butler:
    """Return a Butler of a process that has registered functions for a storage, and for a class."""
    PosixStorage.registerFormatters("WordStorage", read, write)
    PosixStorage.registerFormatters(Thing, readFormatter=read_thing, writeFormatter=write_thing)
    return open_butler(tmp_path)


# -- used
# ----------------------------------------------------------------------------------------------


def test_a_storage_of_a_script_is_written_found_and_read(butler: Butler, tmp_path: Path) -> None:
    assert not butler.datasetExists("words", visit=1)
    butler.put(["a", "b"], "words", visit=1)
    assert (tmp_path / "repo/words/v1.words").read_text() == "a b"
    assert os.listdir(tmp_path / "repo/words") == ["v1.words"]
    assert butler.datasetExists("words", visit=1)
    assert butler.datasetExists("words", visit=1, write=True)
    assert [exists.Existence(butler, "words")({"visit": visit}) for visit in (1, 2)] == [
        True,
        False,
    ]
    assert butler.get("words", visit=1) == ["a", "b"]
    with pytest.raises(NoResults):
        butler.get("words", visit=2)


@pytest.mark.parametrize("name", ["things", "place"])
def test_a_class_of_a_script_is_written_found_and_read_where_the_storage_is_nobodys(
    butler: Butler, name: str
) -> None:
    assert not butler.datasetExists(name, visit=1)
    butler.put(Thing("text"), name, visit=1)
    assert butler.datasetExists(name, visit=1)
    assert exists.Existence(butler, name)({"visit": 1})
    assert butler.get(name, visit=1).text == "text"


def test_the_storage_is_asked_before_the_class(butler: Butler) -> None:
    butler.put("text", "note", visit=1)
    assert butler.get("note", visit=1) == "text"


def test_a_class_is_known_by_the_name_from_which_it_can_be_imported(
    butler: Butler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsst.daf.persistence.Thing", Thing, raising=False)
    its = storages.find("", "lsst.daf.persistence.Thing")
    assert its is storages.find("", Thing) is not None
    assert storages.find("", "lsst.daf.persistence.NoThing") is None
    assert storages.find("", "no.such.module.Thing") is None


def test_texts_are_read_as_a_script_says_for_gen2_had_no_formatter_of_them(
    butler: Butler, tmp_path: Path
) -> None:
    butler.put("a b", "note", visit=1)
    assert butler.get("note", visit=1) == "a b"
    PosixStorage.registerFormatters("TextStorage", readFormatter=read)
    PosixStorage.registerFormatters("TextStorage", writeFormatter=write)
    assert butler.get("note", visit=1) == ["a", "b"]
    butler.put(["c"], "note", visit=1)
    assert (tmp_path / "repo/v1.txt").read_text() == "c"


def test_the_functions_are_told_what_gen2_told_them(tmp_path: Path) -> None:
    seen: list[Any] = []

    def look(location: Any) -> list[Any]:
        seen.append(location)
        return [1, 2]

    PosixStorage.registerFormatters("WordStorage", look, write)
    butler = open_butler(tmp_path)
    butler.put(["a"], "words", visit=1)
    assert butler.get("words", visit=1) == [1, 2]  # a list of one would be this one
    (location,) = seen
    assert isinstance(location, ButlerLocation)
    assert isinstance(location.getStorage(), PosixStorage)
    assert location.getStorage().root == str(tmp_path / "repo")
    assert location.getLocations() == ["words/v1.words"]
    assert (location.getStorageName(), location.getPythonType()) == ("WordStorage", "lsst.x.Words")
    assert (location.datasetType, location.getAdditionalData()) == ("words", {"visit": 1})
    assert isinstance(location.mapper, Mapper)


def test_a_subclass_shares_the_table_of_the_storage_that_it_derives_from(tmp_path: Path) -> None:
    class OwnPosix(PosixStorage):
        pass

    OwnPosix.registerFormatters("WordStorage", read, write)
    assert PosixStorage.getReadFormatter("WordStorage") is read
    assert PosixStorage.getWriteFormatter("WordStorage") is write
    butler = open_butler(tmp_path)
    butler.put(["a"], "words", visit=1)
    assert butler.get("words", visit=1) == ["a"]


def test_another_kind_of_storage_has_a_table_of_its_own() -> None:
    class Own(StorageInterface):
        pass

    class Derived(Own):
        pass

    Own.registerFormatters("WordStorage", read)
    assert Derived.getReadFormatter("WordStorage") is read
    assert Derived.getWriteFormatter("WordStorage") is None
    assert PosixStorage.getReadFormatter("WordStorage") is None
    assert storages.find("WordStorage") is None
    with pytest.raises(FormatterError, match="Registration of second formatter for 'WordStorage'"):
        Derived.registerFormatters("WordStorage", read)


# -- refused
# -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("FitsStorage", read), "second formatter for 'FitsStorage' .*formatters.fits reads and"),
        (("PickleStorage", None, write), "second formatter for 'PickleStorage'"),
        (("Internal", read), "storage 'Internal' holds no data .those that do: FitsStorage, "),
        (("ignored:x", read), "storage 'ignored:x' holds no data"),
        (("WordStorage",), "neither a reader nor a writer was passed for 'WordStorage'"),
        (("WordStorage", "read"), "the reader for 'WordStorage' is not a function: 'read'"),
        (("WordStorage", read, 5), "the writer for 'WordStorage' is not a function: 5"),
        (("", read), "the name of a storage, or a class, can be registered, not ''"),
        ((Thing("x"), read), "a class, can be registered, not <.*Thing object"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(FormatterError, match=message) as caught:
        PosixStorage.registerFormatters(*arguments)
    assert isinstance(caught.value, RuntimeError)  # as Gen2's
    assert storages.registered == {}


@pytest.mark.parametrize("kind", ["WordStorage", Thing])
def test_a_second_function_is_refused_and_the_first_is_kept(kind: Any) -> None:
    PosixStorage.registerFormatters(kind, read)
    PosixStorage.registerFormatters(kind, writeFormatter=write)
    for again in ({"readFormatter": read_thing}, {"writeFormatter": write_thing}):
        with pytest.raises(FormatterError, match=r"a (reader|writer) is registered already"):
            PosixStorage.registerFormatters(kind, **again)
    assert (PosixStorage.getReadFormatter(kind), PosixStorage.getWriteFormatter(kind)) == (
        read,
        write,
    )


def test_what_a_package_announces_is_not_registered_anew(site: Any) -> None:
    site("[persistence.formatters]\nWordStorage = wordshop\n")
    with pytest.raises(FormatterError, match="'WordStorage' with PosixStorage: wordshop reads"):
        PosixStorage.registerFormatters("WordStorage", read)


def test_a_registration_with_no_kind_of_storage_is_refused() -> None:
    with pytest.raises(FormatterError, match="'WordStorage' must be registered with a kind of"):
        StorageInterface.registerFormatters("WordStorage", read)


def test_what_is_not_registered_is_refused_where_it_is_missed(tmp_path: Path) -> None:
    PosixStorage.registerFormatters("WordStorage", readFormatter=read)
    butler = open_butler(tmp_path)
    with pytest.raises(FormatterError, match="words: no writer is registered for 'WordStorage'"):
        butler.put(["a"], "words", visit=1)
    assert not butler.datasetExists("words", visit=1)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ((lambda location: "a b", write), r"v1\.words.* must return a list .* not .*'str'"),
        ((None, write), r"v1\.words.*: no reader is registered for 'WordStorage'"),
        ((lambda location: [1 / 0], write), r"v1\.words cannot be read as WordStorage: ZeroDiv"),
    ],
)
def test_a_reader_that_reads_nothing_is_refused(
    tmp_path: Path, functions: Any, message: str
) -> None:
    PosixStorage.registerFormatters("WordStorage", *functions)
    butler = open_butler(tmp_path)
    butler.put(["a"], "words", visit=1)
    with pytest.raises(FormatterError, match=message):
        butler.get("words", visit=1)


@pytest.mark.parametrize(
    ("writer", "message"),
    [
        (lambda location, obj: None, "words: the writer .* for 'WordStorage' did not write"),
        (lambda location, obj: 1 / 0, "words: .* cannot be written as WordStorage: ZeroDivision"),
    ],
)
def test_a_writer_that_writes_nothing_is_refused_and_the_old_file_is_kept(
    tmp_path: Path, writer: Any, message: str
) -> None:
    PosixStorage.registerFormatters("WordStorage", read, writer)
    butler = open_butler(tmp_path)
    old = tmp_path / "repo/words/v1.words"
    old.parent.mkdir()
    old.write_text("old")
    with pytest.raises(FormatterError, match=message):
        butler.put(["a"], "words", visit=1)
    assert [(path.name, path.read_text()) for path in old.parent.iterdir()] == [("v1.words", "old")]


def test_a_storage_that_nobody_registered_is_refused_when_the_policy_is_read(
    tmp_path: Path,
) -> None:
    PosixStorage.registerFormatters("WordsStorage", read)
    with pytest.raises(PolicyError, match="unknown storage 'WordStorage'; did you mean 'Words"):
        open_butler(tmp_path)


# -- the storage itself
# --------------------------------------------------------------------------------


class Place:
    """A location, as far as a storage asks of it."""

    def __init__(self, storage: str, python: Any = None) -> None:
        self.storage, self.python = storage, python

    def getPythonType(self) -> Any:
        return self.python

    def getStorageName(self) -> str:
        return self.storage

    def getLocations(self) -> list[str]:
        return ["a"]


def test_the_storage_itself_reads_and_writes_with_them(tmp_path: Path) -> None:
    seen: list[Any] = []
    PosixStorage.registerFormatters("WordStorage", lambda location: ["by name"])
    PosixStorage.registerFormatters(
        Thing, lambda location: ["by class"], lambda location, obj: seen.append(obj)
    )
    storage = PosixStorage(str(tmp_path), create=False)
    assert storage.read(Place("WordStorage")) == ["by name"]
    assert storage.read(Place("none", Thing)) == ["by class"]
    thing = Thing("x")
    for place in (Place("none"), Place("none", Thing)):
        storage.write(place, thing)
    assert seen == [thing, thing]
    with pytest.raises(FormatterError, match="no writer is registered for 'WordStorage'"):
        storage.write(Place("WordStorage"), thing)
    assert not storage.exists(Place("WordStorage"))
    (tmp_path / "a").touch()
    assert storage.exists(Place("WordStorage"))
    assert storage.exists(Place("none", Thing))
    assert not storage.exists(Place("none"))


def test_a_butler_is_no_place_for_another_scheme(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="only directories and file: URIs can be repos"):
        Butler("cloud://host/repo")
