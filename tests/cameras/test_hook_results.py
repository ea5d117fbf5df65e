"""Mappers as Gen2's scripts write them: without a policy, with locations and composites of their own."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from persistence import (
    Butler,
    ButlerComposite,
    ButlerLocation,
    CameraMapper,
    DataIdError,
    Mapper,
    NoResults,
    PolicyError,
    RepositoryArgs,
    UnknownDatasetType,
)


class Pair:
    """Two words."""

    def __init__(self, left: str = "", right: str = "") -> None:
        self.left, self.right = left, right

    def get_left(self) -> str:
        return self.left

    def getRight(self) -> str:
        return self.right


class OldMapper(Mapper):
    """A mapper that takes what Gen2 gave every mapper, and does not call the base class."""

    def __init__(
        self, root: str, parentRegistry: Any = None, repositoryCfg: Any = None, ending: str = ""
    ) -> None:
        self.root = root
        self.ending = ending
        self.seen = repositoryCfg

    def _at(self, name: str, dataId: Any) -> ButlerLocation:
        path = f"{name}{dataId['id']}{self.ending}.txt"
        return ButlerLocation(
            None, None, "TextStorage", path, dataId, self, None, usedDataId={"id": dataId["id"]}
        )

    def map_left(self, dataId: Any, write: bool = False) -> ButlerLocation:
        return self._at("left", dataId)

    def map_right(self, dataId: Any, write: bool = False) -> ButlerLocation:
        return self._at("right", dataId)

    def map_nothing(self, dataId: Any, write: bool = False) -> None:
        return None

    def map_pickled(self, dataId: Any, write: bool = False) -> ButlerLocation:
        return ButlerLocation(Pair, None, "PickleStorage", ["a.pickle", "b.pickle"], dataId, self)

    def map_pair(self, dataId: Any, write: bool = False) -> ButlerComposite:
        composite = ButlerComposite(None, None, Pair, dataId, self)
        composite.add("left", "left")
        composite.add(
            id="right", datasetType="right", setter=None, getter=None, subset=False, inputOnly=False
        )
        return composite

    def query_left(self, format: Any, dataId: Any) -> list[tuple[Any, ...]]:
        return [(1,), (2,)]

    def std_right(self, item: str, dataId: Any) -> str:
        return item.upper()

    def validate(self, dataId: Any) -> Any:
        return (
            {**dataId, "id": dataId["id"] + 100} if "id" in dataId and dataId["id"] < 0 else dataId
        )

    def getKeys(self, datasetType: str | None = None, level: str | None = None) -> dict[str, type]:
        return {"id": int}


@pytest.fixture
def butler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Butler:
    monkeypatch.chdir(tmp_path)
    return Butler(outputs={"root": "repo", "mapper": OldMapper, "mode": "rw"})


def test_a_location_of_a_hook_is_written_and_read(butler: Butler) -> None:
    butler.put("a", "left", id=1)
    assert Path("repo/left1.txt").read_text() == "a"
    assert butler.get("left", id=1) == "a"
    assert butler.getUri("left", id=1) == os.path.realpath("repo/left1.txt")
    assert butler.datasetExists("left", id=1)
    assert not butler.datasetExists("left", id=2)


def test_a_hook_that_gives_nothing_is_no_location(butler: Butler) -> None:
    assert not butler.datasetExists("nothing")
    with pytest.raises(
        NoResults, match=r"(?s)^No locations for get: nothing.*OldMapper returns none"
    ):
        butler.get("nothing")


def test_what_is_read_is_standardised_and_what_is_asked_is_queried(butler: Butler) -> None:
    butler.put("b", "right", id=1)
    assert butler.get("right", id=1) == "B"
    assert butler.queryMetadata("left", ["id"]) == [1, 2]
    assert [reference.dataId["id"] for reference in butler.subset("left")] == [1, 2]


def test_the_type_that_a_hook_names_may_come_from_a_pickle(butler: Butler) -> None:
    butler.put(Pair("x", "y"), "pickled")
    assert Path("repo/a.pickle").exists()
    assert butler.get("pickled").right == "y"
    os.rename("repo/a.pickle", "repo/b.pickle")
    assert butler.get("pickled").left == "x"


def test_a_composite_of_a_hook_is_taken_apart_and_put_together(butler: Butler) -> None:
    butler.put(Pair("a", "b"), "pair", id=1)
    assert {"left1.txt", "right1.txt"} < set(os.listdir("repo"))
    pair = butler.get("pair", id=1)
    assert (pair.left, pair.right) == ("a", "B")
    assert butler.datasetExists("pair", id=1)
    assert not butler.datasetExists("pair", id=2)


def test_a_component_is_reached_by_a_dot(butler: Butler) -> None:
    butler.put("a", "pair.left", id=1)
    assert butler.get("pair.left", id=1) == "a"
    assert butler.datasetExists("pair.left", id=1)
    assert not butler.datasetExists("pair.right", id=1)
    with pytest.raises(UnknownDatasetType, match=r"'pair.lefd'; did you mean 'pair.left'"):
        butler.get("pair.lefd", id=1)
    with pytest.raises(
        PolicyError,
        match=r"The location for a dotted datasetType must be a composite; left is none",
    ):
        butler.get("left.x", id=1)


def test_a_data_id_is_validated_by_the_mapper(butler: Butler) -> None:
    butler.put("a", "left", id=99)
    assert butler.get("left", id=99) == "a"
    mapper = butler._chain.inputs[0].mapper
    assert mapper.map("left", {"id": -1}).getLocations() == ["left99.txt"]
    assert mapper.queryMetadata("left", ["id"], {}) == [(1,), (2,)]
    assert mapper.standardize("right", "x", {"id": 1}) == "X"
    assert mapper.canStandardize("right")
    assert mapper.getDatasetTypes() == ["left", "nothing", "pair", "pickled", "right"]
    with pytest.raises(UnknownDatasetType, match="query_"):
        mapper.queryMetadata("right", ["id"], {})


class Noting(OldMapper):
    """A mapper that notes the data ID that each of its hooks is called with."""

    noted: ClassVar[list[tuple[str, int]]] = []

    def _at(self, name: str, dataId: Any) -> ButlerLocation:
        self.noted.append((f"map_{name}", dataId["id"]))
        return super()._at(name, dataId)

    def map_pair(self, dataId: Any, write: bool = False) -> ButlerComposite:
        self.noted.append(("map_pair", dataId["id"]))
        return super().map_pair(dataId, write)

    def map_computed(self, dataId: Any, write: bool = False) -> ButlerLocation:
        return self._at("computed", dataId)

    def bypass_computed(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> str:
        self.noted.append(("bypass_computed", dataId["id"]))
        return "computed"

    def query_left(self, format: Any, dataId: Any) -> list[tuple[Any, ...]]:
        self.noted.append(("query_left", dataId["id"]))
        return super().query_left(format, dataId)

    def std_right(self, item: str, dataId: Any) -> str:
        self.noted.append(("std_right", dataId["id"]))
        return super().std_right(item, dataId)


@pytest.mark.filterwarnings("ignore:data ID key 'id'")  # no policy has it
@pytest.mark.parametrize(
    ("ask", "hooks"),
    [
        (lambda butler: butler.put("c", "left", id=-1), "map_left"),
        (lambda butler: butler.put(Pair("a", "b"), "pair", id=-1), "map_pair map_left map_right"),
        (lambda butler: butler.get("left", id=-1), "map_left"),
        (lambda butler: butler.get("left", id=-1, immediate=False).upper(), "map_left"),
        (lambda butler: butler.get("right", id=-1), "map_right std_right"),
        (lambda butler: butler.get("pair", id=-1), "map_pair map_left map_right std_right"),
        (lambda butler: butler.get("pair.left", id=-1), "map_pair map_left"),
        (lambda butler: butler.get("computed", id=-1), "map_computed bypass_computed"),
        (lambda butler: butler.datasetExists("left", id=-1), "map_left"),
        (lambda butler: butler.datasetExists("left", id=-1, write=True), "map_left"),
        (lambda butler: butler.datasetExists("pair", id=-1), "map_pair map_left map_right"),
        (lambda butler: butler.getUri("left", id=-1), "map_left"),
        (lambda butler: butler.getUri("left", id=-1, write=True), "map_left"),
        (lambda butler: butler.queryMetadata("left", "id", id=-1), "query_left"),
        (lambda butler: mapper_of(butler).map("left", {"id": -1}), "map_left"),
        (lambda butler: mapper_of(butler).queryMetadata("left", "id", {"id": -1}), "query_left"),
        (lambda butler: mapper_of(butler).standardize("right", "x", {"id": -1}), "std_right"),
    ],
)
def test_every_hook_is_called_with_the_data_id_that_the_mapper_validated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Butler], Any],
    hooks: str,
) -> None:
    butler = Butler(outputs={"root": str(tmp_path), "mapper": Noting, "mode": "rw"})
    butler.put(Pair("a", "b"), "pair", id=99)
    noted: list[tuple[str, int]] = []
    monkeypatch.setattr(Noting, "noted", noted)
    assert ask(butler) not in (False, [])
    assert {hook for hook, _ in noted} == set(hooks.split())
    assert {number for _, number in noted} == {99}


def mapper_of(butler: Butler) -> Any:
    return butler.chain.inputs[0].mapper


def test_a_value_that_is_not_of_its_keys_type_is_refused_before_a_hook_is_asked(
    tmp_path: Path,
) -> None:
    class Camera(CameraMapper):
        def map_odd(self, dataId: Any, write: bool = False) -> ButlerLocation:
            path = f"odd{dataId['a'] + 1}.txt"
            return ButlerLocation(None, None, "TextStorage", path, dataId, self)

    (tmp_path / "camera.yaml").write_text(
        "datasets: {note: {template: 'n%(a)d.txt', storage: TextStorage}}"
    )
    butler = Butler(tmp_path, mapper=Camera(str(tmp_path / "camera.yaml")))
    butler.put("odd", "odd", a="7")
    assert (tmp_path / "odd8.txt").read_text() == butler.get("odd", a=7.0) == "odd"
    with pytest.raises(DataIdError, match="a takes a value of type int"):
        butler.get("odd", a="seven")


def test_the_mapper_is_told_of_its_repository(butler: Butler) -> None:
    mapper: Any = butler._chain.inputs[0].mapper
    assert mapper.root == os.path.realpath("repo")
    assert mapper.seen.root == mapper.root
    Butler(outputs={"root": "other", "mapper": OldMapper, "mapperArgs": {"ending": "x"}}).put(
        "a", "left", id=1
    )
    assert Path("other/left1x.txt").exists()


def test_a_mapper_is_made_again_from_a_pickle_by_its_arguments() -> None:
    copy = pickle.loads(pickle.dumps(OldMapper("r", ending="x")))
    assert (copy.root, copy.ending) == ("r", "x")


def test_a_location_says_what_gen2_asked_it() -> None:
    location = ButlerLocation(
        "a.B", "C", "TextStorage", ["x", "y"], {"id": 1}, None, additionalData={"k": 2}
    )
    assert str(location) == "a.B at TextStorage(x, y)"
    assert (location.getPythonType(), location.getCppType(), location.getStorageName()) == (
        "a.B",
        "C",
        "TextStorage",
    )
    assert location.getLocations() == ["x", "y"]
    assert location.getAdditionalData() == {"k": 2, "id": 1}
    assert location.getStorage() is None
    location.setRepository("here")
    assert location.getRepository() == "here"
    with pytest.raises(RuntimeError, match="needs a path"):
        ButlerLocation(None, None, "TextStorage", [], {}, None)


# -- as Gen2's camera packages wrote them
class Absolute(Mapper):
    """A mapper of Gen2's manner, that gives absolute paths and makes types by its hooks alone."""

    def __init__(self, root: str, **_: Any) -> None:
        self.root = root
        self.asked: list[Any] = []

    def map_foo(self, dataId: Any, write: bool = False) -> ButlerLocation:
        path = os.path.join(self.root, "deep", f"foo{dataId['id']}.pickle")
        return ButlerLocation("dict", None, "PickleStorage", path, dataId, self, None)

    def map_linked(self, dataId: Any, write: bool = False) -> ButlerLocation:
        path = os.path.join(os.path.realpath(self.root), "linked.pickle")
        return ButlerLocation("dict", None, "PickleStorage", [path], dataId, self, None)

    def map_outside(self, dataId: Any, write: bool = False) -> ButlerLocation:
        path = os.path.join(os.path.dirname(self.root), "outside.txt")
        return ButlerLocation(None, None, "TextStorage", path, dataId, self, None)

    def bypass_foo(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> Any:
        self.asked.append(location)
        with open(location.getLocationsWithRoot()[0], "rb") as stream:
            return pickle.load(stream)

    def bypass_answer(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        self.asked.append(location)
        return 42

    def validate(self, dataId: Any) -> Any:
        if "id" in dataId:
            dataId["id"] = int(dataId["id"])
        return dataId


@pytest.fixture
def absolute(tmp_path: Path) -> Butler:
    (tmp_path / "real").mkdir()
    (tmp_path / "outside.txt").write_text("there")
    os.symlink("real", tmp_path / "repo")
    return Butler(outputs={"root": str(tmp_path / "repo"), "mapper": Absolute, "mode": "rw"})


def test_an_absolute_path_of_a_hook_is_the_file_where_gen2_had_it(
    absolute: Butler, tmp_path: Path
) -> None:
    absolute.put({"a": 1}, "foo", id=3)
    with open(tmp_path / "repo" / "deep" / "foo3.pickle", "rb") as stream:
        assert pickle.load(stream) == {"a": 1}
    (tmp_path / "real" / "linked.pickle").write_bytes(pickle.dumps({"b": 2}))
    assert absolute.get("linked") == {"b": 2}
    assert absolute.get("foo", id="3") == {"a": 1}
    assert absolute.datasetExists("foo", id=3)
    assert not absolute.datasetExists("foo", id=4)
    assert absolute.get("outside") == "there"


def test_a_data_id_is_validated_in_a_copy(absolute: Butler) -> None:
    data_id = {"id": "3"}
    absolute.put({}, "foo", data_id)
    absolute.get("foo", data_id)
    assert data_id == {"id": "3"}


def test_a_bypass_is_given_the_location_as_gen2_had_it(absolute: Butler, tmp_path: Path) -> None:
    absolute.put({"a": 1}, "foo", id=3)
    absolute.get("foo", id=3)
    location = mapper_of(absolute).asked[-1]
    expected = str(tmp_path / "repo" / "deep" / "foo3.pickle")
    assert isinstance(location, ButlerLocation)
    assert location.getLocationsWithRoot() == [expected]
    assert location.getStorageName() == "PickleStorage"
    assert location.getStorage().root == str(tmp_path / "repo")
    assert location.getStorage().instanceSearch("deep/foo3.pickle") == ["deep/foo3.pickle"]
    assert location.getAdditionalData()["id"] == 3
    assert location.getPythonType() == "dict"
    assert location.datasetType == "foo"


def test_a_hook_makes_its_dataset_type(absolute: Butler) -> None:
    assert absolute.get("answer") == 42
    assert mapper_of(absolute).asked[-1].getLocations() == ["ignored"]
    assert "answer" in mapper_of(absolute).getDatasetTypes()
    with pytest.raises(UnknownDatasetType, match="did you mean 'answer'"):
        absolute.get("anwser")


def test_a_hook_that_finds_no_file_lets_the_next_repository_answer(tmp_path: Path) -> None:
    root, rerun = str(tmp_path / "root"), str(tmp_path / "rerun")
    Butler(outputs={"root": root, "mapper": Absolute}).put({"a": 1}, "foo", id=1)
    chain = Butler(inputs=root, outputs=rerun)
    assert chain.get("foo", id=1) == {"a": 1}
    with pytest.raises(OSError, match=r"foo2\.pickle"):
        chain.get("foo", id=2)


class Plain(CameraMapper):
    """A camera with a policy, whose hooks look at the files of its dataset types."""

    def bypass_note(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> Any:
        return location.getLocations(), location.getLocationsWithRoot()


def test_a_bypass_of_a_type_with_files_is_given_the_file(tmp_path: Path) -> None:
    policy = tmp_path / "camera.yaml"
    policy.write_text("datasets: {note: {template: 'n%(a)d.txt', storage: TextStorage}}")
    (tmp_path / "n7.txt").write_text("x")
    butler = Butler(tmp_path, mapper=Plain(str(policy)))
    assert butler.get("note", a=7) == (["n7.txt"], [str(tmp_path / "n7.txt")])


def test_a_mapper_is_asked_without_a_data_id() -> None:
    mapper = OldMapper("r")
    assert mapper.queryMetadata("left", None, None) == [(1,), (2,)]
    assert mapper.standardize("right", "x", None) == "X"


def test_arguments_do_not_let_another_mapper_overwrite_theirs() -> None:
    arguments = RepositoryArgs("repo", mapper=OldMapper)
    with pytest.raises(RuntimeError, match="Explicity clear mapper"):
        arguments.mapper = Noting
    arguments.mapper = None
    arguments.mapper = Noting
    assert arguments.mapper is Noting
