"""Mappers: names, data IDs, locations, hooks; without registry or disk."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from persistence import CameraMapper
from persistence.errors import (
    AmbiguousDataId,
    DataIdError,
    IncompleteDataId,
    PolicyError,
    TemplateUndefined,
    UnknownDatasetType,
)
from persistence.policy.dataset_type import DatasetType

POLICY = """
defaultLevel: sensor
levels: {visit: [ccd], sensor: [none]}
aliases: {chip: ccd}
datasets:
  thing: {template: 't/%(filter)s/%(visit)07d_%(ccd)02d.pickle', storage: PickleStorage, tables: raw}
  coadd: {template: 'c/%(tract)d/%(patch)s/%(filter)s.pickle', storage: PickleStorage, tables: raw}
  empty: {template: '', storage: PickleStorage}
"""


@pytest.fixture
def mapper(tmp_path: Path) -> CameraMapper:
    path = tmp_path / "camera.yaml"
    path.write_text(POLICY)
    return CameraMapper(str(path))


def answer(*rows: tuple[Any, ...]) -> Any:
    """Return a look-up that always finds these rows."""

    def lookup(
        dataset: DatasetType, columns: Sequence[str], data_id: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        return list(rows)

    return lookup


def never(
    dataset: DatasetType, columns: Sequence[str], data_id: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    raise AssertionError("nothing was to be looked up")


def test_a_complete_data_id_needs_no_look_up(mapper: CameraMapper) -> None:
    """Acceptance vector V30."""
    given = {"filter": "g", "visit": 7, "ccd": 1}
    assert mapper.complete(mapper.types["thing"], given, never) == given


def test_missing_keys_come_from_the_look_up(mapper: CameraMapper) -> None:
    full = mapper.complete(mapper.types["thing"], {"visit": 7}, answer(("g", 3)))
    assert full == {"visit": 7, "filter": "g", "ccd": 3}


def test_the_data_id_that_was_given_stays_as_it_was(mapper: CameraMapper) -> None:
    given = {"visit": "7", "chip": 3}
    mapper.complete(mapper.types["thing"], given, answer(("g",)))
    assert given == {"visit": "7", "chip": 3}


def test_several_rows_are_told_with_the_keys_that_tell_them_apart(mapper: CameraMapper) -> None:
    with pytest.raises(AmbiguousDataId) as caught:
        mapper.complete(
            mapper.types["thing"], {"visit": 7}, answer(("g", 1), ("g", 2), ("g", 3), ("g", 4))
        )
    text = str(caught.value)
    assert "4 rows match; they differ in ccd: add one of these" in text
    assert "filter=g  ccd=1" in text
    assert "ccd=4" not in text  # the first rows do


def test_no_row_is_told_with_the_keys_that_are_missing(mapper: CameraMapper) -> None:
    with pytest.raises(
        IncompleteDataId, match="needs  filter, ccd, and the registry has no such row"
    ):
        mapper.complete(mapper.types["thing"], {"visit": 7}, answer())


@pytest.mark.parametrize(("given", "typed"), [("7", 7), (7.0, 7)])
def test_a_value_takes_the_type_of_its_key(mapper: CameraMapper, given: Any, typed: int) -> None:
    full = mapper.typed(mapper.types["thing"], {"visit": given, "filter": 5})
    assert full == {"visit": typed, "filter": "5"}
    assert type(full["visit"]) is int


@pytest.mark.parametrize("value", ["seven", 7.5, None, [7], True])
def test_a_value_of_another_type_is_refused_with_its_key(mapper: CameraMapper, value: Any) -> None:
    with pytest.raises(DataIdError, match="visit takes a value of type int"):
        mapper.typed(mapper.types["thing"], {"visit": value})


# What other dataset types have, with a key that the asked one lacks; a value; what comes of it.
ELSEWHERE = [
    ("{}", "ABC", "ABC"),  # the framework's spectractorOutputRoot has %(expId)d
    ("{}", "7", 7),
    ("{}", "007", "007"),
    ("{}", None, None),
    ("{raw: {template: 'raw/%(expId)s.fits'}}", "ABC", "ABC"),
    ("{raw: {template: 'raw/%(expId)s.fits'}}", "7", "7"),
    ("{raw: {template: 'raw/%(expId)d.fits'}}", "ABC", "ABC"),
    ("{raw: {template: 'raw/%(expId)d.fits'}}", 7.5, 7.5),
]


@pytest.mark.parametrize(("exposures", "given", "expected"), ELSEWHERE)
def test_the_type_of_a_key_is_that_of_the_dataset_types_that_have_it(
    tmp_path: Path, exposures: str, given: Any, expected: Any
) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(
        f"exposures: {exposures}\ndatasets: {{}}\n"
        "calibrations: {bias: {template: 'b%(ccd)d.fits'}}"
    )
    mapper = CameraMapper(str(path))
    found = mapper.typed(mapper.types["bias"], {"expId": given, "ccd": "3"})
    assert found == {"expId": expected, "ccd": 3}
    assert type(found["expId"]) is type(expected)
    if exposures == "{}":  # a hook may say so, too
        assert mapper.validate({"expId": given})["expId"] == expected
    elif "%(expId)s" in exposures:
        assert mapper.getKeys("raw") == {"expId": str}
        assert mapper.getKeys()["expId"] is str  # which takes what either has


def test_an_alias_is_its_key(mapper: CameraMapper) -> None:
    assert mapper.typed(mapper.types["thing"], {"chip": "3"})["ccd"] == 3
    with pytest.raises(DataIdError, match="chip=3 and ccd=4, which are the same key"):
        mapper.typed(mapper.types["thing"], {"chip": 3, "ccd": 4})


def test_an_undefined_template_is_told_with_where_the_type_is_defined(mapper: CameraMapper) -> None:
    with pytest.raises(
        TemplateUndefined, match=r"not defined for the empty dataset type \(.*camera\.yaml:8\)"
    ):
        mapper.locate(mapper.types["empty"], {}, "/r")


def test_levels_drop_keys(mapper: CameraMapper) -> None:
    assert list(mapper.getKeys("thing", "visit")) == ["filter", "visit"]
    assert list(mapper.getKeys("thing", "")) == ["filter", "visit", "ccd"]
    assert list(mapper.getKeys("thing", "nosuchlevel")) == ["filter", "visit", "ccd"]


def test_the_keys_that_are_given_are_a_copy(mapper: CameraMapper) -> None:
    mapper.getKeys("thing").clear()
    assert list(mapper.getKeys("thing")) == ["filter", "visit", "ccd"]


def test_an_unknown_type_is_an_error_of_each_class_that_gen2_raised(mapper: CameraMapper) -> None:
    with pytest.raises(
        UnknownDatasetType, match="CameraMapper has no dataset type 'thin'; did you mean 'thing'"
    ) as e:
        mapper.getKeys("thin")
    assert isinstance(e.value, AttributeError)
    assert isinstance(e.value, KeyError)


def test_a_mapper_without_policy_says_so() -> None:
    with pytest.raises(PolicyError, match="CameraMapper has no policyFile"):
        CameraMapper()


def test_a_mapper_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(DecamMapper(root="x", calibRoot="c")))
    assert (copy.types, copy.root, copy.mapperArgs) == (
        DecamMapper().types,
        "x",
        {"calibRoot": "c"},
    )


# -- hooks
# ----------------------------------------------------------------------------------------------


def test_hooks_are_found_in_a_class_and_its_bases(tmp_path: Path) -> None:
    class Base(CameraMapper):
        def std_thing(self, item: Any, dataId: Any) -> Any:
            return item

    class Camera(Base):
        def bypass_thing_filename(
            self, datasetType: Any, pythonType: Any, location: Any, dataId: Any
        ) -> str:
            return "header"

        def map_computed(self, dataId: Any, write: bool = False) -> None:
            return None

    (tmp_path / "camera.yaml").write_text(POLICY)
    mapper = Camera(str(tmp_path / "camera.yaml"))
    assert set(mapper.hooks) - set(CameraMapper.hooks) == {
        ("std", "thing"),
        ("bypass", "thing_filename"),
        ("map", "computed"),
    }
    assert mapper.canStandardize("thing")
    assert "computed" in mapper.getDatasetTypes()


def test_a_hook_for_a_type_that_the_policy_lacks_is_refused_with_its_definition(
    tmp_path: Path,
) -> None:
    class Camera(CameraMapper):
        def std_thingg(self, item: Any, dataId: Any) -> Any:
            return item

    (tmp_path / "camera.yaml").write_text(POLICY)
    with pytest.raises(PolicyError) as caught:
        Camera(str(tmp_path / "camera.yaml"))
    assert "test_mapper.py:" in str(caught.value)
    assert "Camera.std_thingg(self, item: 'Any', dataId: 'Any')" in str(caught.value)
    assert "did you mean 'thing'" in str(caught.value)


def test_a_hook_with_another_signature_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(
        PolicyError, match=r"std_raw\(self, item\): it is called with \(item, dataId\)"
    ):

        class Camera(CameraMapper):
            def std_raw(self, item):  # type: ignore[no-untyped-def]  # wrong on purpose
                return item
