"""Storages: which one a URI is for, what lies there, and searching in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsst.daf.persistence import (
    NoRepositroyAtRoot,
    PosixStorage,
    RepositoryCfg,
    Storage,
    StorageInterface,
)
from obs_decam.mapper import DecamMapper
from persistence.errors import PersistenceError


class Place:
    """A location, as far as a storage asks of it."""

    def __init__(self, storage: str, *paths: str, python: Any = None) -> None:
        self.storage, self.paths, self.python = storage, list(paths), python

    def getPythonType(self) -> Any:
        return self.python

    def getStorageName(self) -> str:
        return self.storage

    def getLocations(self) -> list[str]:
        return self.paths

    def getAdditionalData(self) -> Any:
        return {}


@pytest.fixture
def storage(tmp_path: Path) -> PosixStorage:
    return PosixStorage(str(tmp_path), create=False)


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """Return a directory with two generations of ``_parent`` above it; the eldest has files."""
    for name in ("child", "parent", "eldest"):
        (tmp_path / name).mkdir()
    (tmp_path / "child" / "_parent").symlink_to("../parent")
    (tmp_path / "parent" / "_parent").symlink_to("../eldest")
    for name in ("foo.txt", "im-1.fits", "im-2.fits"):
        (tmp_path / "eldest" / name).touch()
    (tmp_path / "child" / "own.txt").touch()
    return tmp_path / "child"


# -- search
# ------------------------------------------------------------------------------------------


def test_v19_a_search_climbs_parents_and_sets_the_bracket_aside(family: Path) -> None:
    found = "_parent/_parent/foo.txt[0]"
    assert PosixStorage.search(str(family), "foo.txt[0]", searchParents=True) == [found]
    assert Storage.search(f"file://{family}/", f"{family}/foo.txt[0]", searchParents=True) == [
        f"{family}/{found}"
    ]


@pytest.mark.parametrize(
    ("path", "parents", "found"),
    [
        ("own.txt", False, ["own.txt"]),
        ("own.txt[3][4]", False, ["own.txt[3][4]"]),
        ("foo.txt", False, None),
        ("nosuch", True, None),
        ("im-?.fits", True, ["_parent/_parent/im-1.fits", "_parent/_parent/im-2.fits"]),
        ("im-*.fits[1]", True, ["_parent/_parent/im-1.fits[1]", "_parent/_parent/im-2.fits[1]"]),
        ("/elsewhere/own.txt", False, None),
        ("/own.txt", False, ["own.txt"]),
        ("", False, [""]),
    ],
)
def test_a_search_takes_names_and_patterns(
    family: Path, path: str, parents: bool, found: Any
) -> None:
    assert PosixStorage.search(str(family), path, parents) == found
    assert parents or PosixStorage(str(family), create=False).instanceSearch(path) == found


def test_a_root_by_another_name_is_the_same_root(family: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(family)
    assert PosixStorage.search(str(tmp_path / "link"), f"{family}/own.txt") == ["own.txt"]
    assert PosixStorage.search(str(family), f"{tmp_path}/link/own.txt") == ["own.txt"]
    assert PosixStorage.search("/", f"{family}/own.txt") == [f"{family}/own.txt"[1:]]


def test_a_file_whose_name_looks_like_a_pattern_is_found_by_it(tmp_path: Path) -> None:
    for name in ("a*", "ab"):
        (tmp_path / name).touch()
    assert PosixStorage.search(str(tmp_path), "a*") == ["a*"]
    assert PosixStorage.search(str(tmp_path), "?b") == ["ab"]


def test_parents_that_lead_in_a_circle_end_the_search(tmp_path: Path) -> None:
    (tmp_path / "_parent").symlink_to(".")
    assert PosixStorage.search(str(tmp_path), "nosuch", searchParents=True) is None


# -- which storage
# -----------------------------------------------------------------------------------


def test_an_unknown_scheme_is_refused_by_name() -> None:
    with pytest.raises(RuntimeError, match="No storage registered for scheme 'swift'"):
        Storage.getMapperClass("swift://host/1/2/3")
    assert Storage.search("swift://host", "x") is None
    assert Storage.relativePath("swift://host", "/a") == "/a"
    assert [Storage.isPosix(uri) for uri in ("/a", "file:///a", "swift://a")] == [True, True, False]


def test_a_scheme_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cloud(StorageInterface):
        def __init__(self, uri: str, create: bool) -> None:
            self.uri = uri

    monkeypatch.setattr(Storage, "storages", dict(Storage.storages))
    Storage.registerStorageClass("cloud", Cloud)
    made = Storage.makeFromURI("cloud://x")
    assert isinstance(made, Cloud)
    with pytest.raises(RuntimeError, match="Scheme 'cloud' already registered"):
        Storage.registerStorageClass("cloud", Cloud)


@pytest.mark.parametrize(
    ("scheme", "cls", "message"),
    [
        ("cloud://", PosixStorage, "'cloud://' is not a scheme of URIs, such as 'file'"),
        ("Cloud", PosixStorage, "'Cloud' is not a scheme"),
        ("cloud", "PosixStorage", "'PosixStorage' is not a kind of storage: a subclass of Storage"),
        ("cloud", object, "<class 'object'> is not a kind of storage"),
    ],
)
def test_a_registration_that_no_uri_would_find_is_refused(
    scheme: str, cls: Any, message: str
) -> None:
    before = dict(Storage.storages)
    with pytest.raises(RuntimeError, match=message):
        Storage.registerStorageClass(scheme, cls)
    assert Storage.storages == before


def test_a_storage_is_made_only_where_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert Storage.makeFromURI(str(missing), create=False) is None
    with pytest.raises(NoRepositroyAtRoot, match=f"No repository at {missing}"):
        PosixStorage(str(missing), create=False)
    assert issubclass(NoRepositroyAtRoot, RuntimeError)
    assert not missing.exists()
    assert isinstance(Storage.makeFromURI(f"file://{missing}"), PosixStorage)
    assert missing.is_dir()


@pytest.mark.parametrize(
    "ask",
    [
        Storage().getRepositoryCfg,
        Storage.getMapperClass,
        Storage.storageExists,
        PosixStorage.v1RepoExists,
        PosixStorage.getParentSymlinkPath,
        lambda uri: PosixStorage.search(uri, "x", searchParents=True),
    ],
)
def test_reading_makes_no_directory(ask: Any, tmp_path: Path) -> None:
    assert not ask(str(tmp_path / "missing"))
    assert list(tmp_path.iterdir()) == []


# -- repositories
# ------------------------------------------------------------------------------------


def test_a_configuration_is_written_and_read_once(tmp_path: Path) -> None:
    storage = Storage()
    uri = f"file://{tmp_path}/repo"
    assert storage.getRepositoryCfg(uri) is None
    cfg = RepositoryCfg(
        str(tmp_path / "repo"), DecamMapper, {"calibRoot": "c"}, [str(tmp_path / "up")]
    )
    Storage.putRepositoryCfg(cfg, uri)
    assert not cfg.dirty
    there = storage.getRepositoryCfg(uri)
    assert there is not None
    assert (there.root, there.mapper) == (str(tmp_path / "repo"), "lsst.obs.decam.DecamMapper")
    assert there.mapperArgs == {"calibRoot": str(tmp_path / "repo/c")}  # relative in the file
    assert there.parents == [str(tmp_path / "up")]
    assert storage.getRepositoryCfg(uri) is there
    assert Storage.getMapperClass(uri) is DecamMapper


def test_an_older_repository_has_a_mapper_and_no_configuration(root: Path) -> None:
    assert Storage.getMapperClass(str(root)) is DecamMapper
    assert Storage().getRepositoryCfg(str(root)) is None
    assert PosixStorage.v1RepoExists(str(root))
    assert Storage.getMapperClass("") is None


def test_the_parent_is_given_as_the_link_says_it(family: Path, tmp_path: Path) -> None:
    assert PosixStorage.getParentSymlinkPath(str(family)) == "../parent"
    (tmp_path / "eldest" / "_parent").mkdir()
    assert PosixStorage.getParentSymlinkPath(str(tmp_path / "eldest")) == str(
        tmp_path / "eldest/_parent"
    )


def test_paths_are_relative_to_real_directories(family: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "link").symlink_to(family)
    link = str(tmp_path / "deep" / "link")
    assert Storage.relativePath(link, str(tmp_path / "x")) == "../x"
    assert Storage.absolutePath(link, "../x") == str(tmp_path / "x")
    assert Storage.absolutePath(link, "/abs") == "/abs"


# -- data
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "obj"), [("PickleStorage", {"a": 1}), ("YamlStorage", [1, 2]), ("TextStorage", "x")]
)
def test_an_object_goes_to_the_first_path_and_back(
    storage: PosixStorage, kind: str, obj: Any
) -> None:
    place = Place(kind, "new/a", "new/b")
    assert not storage.exists(place)
    storage.write(place, obj)
    assert storage.exists(place)
    assert storage.exists("new/?")
    assert not storage.exists("new/b")
    assert storage.read(Place(kind, "new/a")) == [obj]


def test_a_storage_without_a_format_is_refused_and_holds_nothing(
    storage: PosixStorage, tmp_path: Path
) -> None:
    (tmp_path / "a").touch()
    assert not storage.exists(Place("ignored", "a"))
    for act in (storage.read, lambda place: storage.write(place, 1)):
        with pytest.raises(RuntimeError, match="No formatter for location"):
            act(Place("ignored", "a"))


def test_files_are_copied_and_opened_below_the_root(storage: PosixStorage, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    storage.copyFile("a", "deep/b")
    opened = storage.getLocalFile("deep/b")
    assert opened is not None
    with opened:
        assert opened.read() == "text"
    assert storage.getLocalFile("nosuch") is None
    assert storage.locationWithRoot("a") == str(tmp_path / "a")


def test_what_cannot_be_written_leaves_the_old_file(storage: PosixStorage, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(PersistenceError):
        storage.write(Place("TextStorage", "a"), object())
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a", "old")]


def test_what_is_written_and_copied_has_a_line_in_the_journal(tmp_path: Path) -> None:
    storage = PosixStorage(str(tmp_path), create=True)
    storage.write(Place("TextStorage", "a/b.txt"), "text")  # type: ignore[arg-type]
    storage.copyFile("a/b.txt", "c.txt")
    (path,) = tmp_path.glob(".persistence/journal/*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["op"], line["f"]) for line in lines] == [("put", "a/b.txt"), ("put", "c.txt")]
