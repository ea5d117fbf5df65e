"""One repository: what its mapper's hooks do, and how its registry is asked."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler, CameraMapper, UnsafeContent
from persistence.butler import lookup
from persistence.butler.repository import Repository
from persistence.dataids.location import Location
from persistence.dataids.request import COMPONENTS, VIEWS
from persistence.errors import IncompleteDataId, UnknownArgument
from persistence.formatters.views import READERS

POLICY = """
datasets:
  note: {template: 'n-%(a)d.txt', storage: TextStorage, tables: raw}
  thing: {template: 'thing.pickle', storage: PickleStorage}
  bare: {template: '%(a)d-%(b)d.txt', storage: TextStorage}
"""


class Camera(CameraMapper):
    def std_note(self, item: str, dataId: Any) -> str:
        return f"{item} of {dataId['a']}"

    def bypass_thing(
        self, datasetType: str, pythonType: Any, location: Location, dataId: Any
    ) -> Any:
        return {"made of": dict(dataId)}

    def map_elsewhere(self, dataId: Any, write: bool = False) -> Location:
        return Location(
            self.mapperArgs["other"], "else.txt", None, "TextStorage", None, "elsewhere", dataId
        )

    def query_note(self, format: Any, dataId: Any) -> list[tuple[Any, ...]]:
        return [(f"{format} of {dict(dataId)}",)]

    def add_note(self, datasetType: str, dataId: Any) -> dict[str, Any]:
        return {"told": datasetType}


@pytest.fixture
def butler(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "repo").mkdir()
    (tmp_path / "else.txt").write_text("found elsewhere")
    return Butler(tmp_path / "repo", Camera(str(tmp_path / "camera.yaml"), other=str(tmp_path)))


def test_what_was_read_is_standardised_by_the_camera(butler: Butler) -> None:
    butler.put("text", "note", a=3)
    assert butler.get("note", a=3) == "text of 3"


def test_an_object_can_be_made_without_a_file(butler: Butler) -> None:
    assert butler.get("thing", a="5") == {"made of": {"a": 5}}


def test_a_camera_can_say_where_a_dataset_lies(butler: Butler) -> None:
    assert butler.get("elsewhere") == "found elsewhere"
    assert butler.datasetExists("elsewhere")


def test_a_camera_can_answer_for_a_registry(butler: Butler) -> None:
    assert butler.queryMetadata("note", "visit", a=1) == ["('visit',) of {'a': 1}"]


def test_a_writer_is_told_what_the_camera_adds(butler: Butler, tmp_path: Path) -> None:
    mapper = Camera(str(tmp_path / "camera.yaml"))
    assert mapper.write_options(mapper.types["note"], {"a": 1}) == {"told": "note"}


def test_a_type_without_tables_says_so_where_there_is_a_registry(
    filled: Path, tmp_path: Path
) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    repository = Repository(str(filled), CameraMapper(str(tmp_path / "camera.yaml")))
    with pytest.raises(
        IncompleteDataId,
        match="needs  b; the policy names no registry table that could supply them",
    ):
        lookup.complete(repository, repository.mapper.types["bare"], {"a": 1})


def test_a_type_without_tables_can_be_caught_as_gen2s_error(filled: Path, tmp_path: Path) -> None:
    """Trap T10: the original's was a TypeError."""
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(filled, CameraMapper(str(tmp_path / "camera.yaml")))
    with pytest.raises(
        TypeError, match="the policy names no registry table that could supply them"
    ) as caught:
        butler.get("bare", a=1)
    assert isinstance(caught.value, IncompleteDataId)
    assert butler.queryMetadata("bare", "b", a=1) == []  # what there is, the names of files say


@pytest.mark.filterwarnings("ignore::persistence.errors.TrustWarning")
def test_classes_of_a_pickle_are_made_only_if_they_are_trusted(tmp_path: Path) -> None:
    from persistence.cameras.identifiers import CoaddPacker

    (tmp_path / "camera.yaml").write_text(
        "datasets: {thing: {template: thing.pickle, storage: PickleStorage}}"
    )
    mapper = CameraMapper(str(tmp_path / "camera.yaml"))
    Butler(tmp_path, mapper).put(CoaddPacker(), "thing")
    name = "persistence.cameras.identifiers.CoaddPacker"
    with pytest.raises(UnsafeContent, match=rf"creates a {name}.*trust=\['{name}'\]"):
        Butler(tmp_path, mapper).get("thing")
    assert Butler(tmp_path, mapper, trust=[name]).get("thing") == CoaddPacker()
    # In the parent of a rerun, and in a Butler that is pickled.
    camera = str(tmp_path / "camera.yaml")
    arguments = {"root": str(tmp_path), "mapper": camera}
    output = {"root": str(tmp_path / "rerun"), "mode": "rw"}
    rerun = Butler(inputs=arguments, outputs=output, trust=[name])
    assert rerun.get("thing") == CoaddPacker()
    assert pickle.loads(pickle.dumps(rerun)).get("thing") == CoaddPacker()


@pytest.mark.parametrize(
    ("trust", "message"),
    [
        (5, "5 is not a dotted name: pass 'package.Name'"),
        (["a.B", OrderedDict], "is not a dotted name: pass 'collections.OrderedDict', a string"),
    ],
)
def test_what_is_trusted_is_told_by_its_name(tmp_path: Path, trust: Any, message: str) -> None:
    with pytest.raises(UnknownArgument, match=f"trust: .*{message}"):
        Butler(tmp_path, mapper="decam", trust=trust)


def test_each_view_has_a_reader_or_is_the_butlers_own() -> None:
    assert set(VIEWS) - set(READERS) == {"filename", "sub"}
    assert set(READERS) <= {*VIEWS, *COMPONENTS.values()}
