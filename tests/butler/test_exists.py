"""Whether many datasets are there."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Butler, CameraMapper
from persistence.butler.exists import Existence
from persistence.cli import ingest_calibs
from persistence.composites import references
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.errors import DataIdError, SourceChanged, UnknownDatasetType, UnknownKeyWarning
from persistence.files import intents
from persistence.files.batch import Batch
from persistence.files.listings import Listings, by_directory
from persistence.registry.direct_writer import DirectWriter

POLICY = """
datasets:
  note: {template: 'n/%(a)s.txt', storage: FitsStorage}
  pair: {composite: {one: {datasetType: note}}, python: builtins.dict, assembler: builtins.dict}
"""


@pytest.fixture
def rerun(own: Path, tmp_path: Path) -> Butler:
    """Return a rerun with one calexp, on raws of which one exposure is gone."""
    butler = Butler(inputs=str(own), outputs=str(tmp_path / "rerun"))
    butler.put(butler.get("raw", visit=410877, ccdnum=28), "calexp", visit=410877, ccdnum=28)
    (gone,) = own.glob("*/r/*.fits.fz")
    gone.unlink()
    return Butler(tmp_path / "rerun")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("raw", 61),
        ("raw_md", 61),
        ("calexp", 1),
        ("calexp.wcs", 1),
        ("src", 0),
        ("ccdExposureId", 0),
    ],
)
def test_it_says_what_the_butler_says(rerun: Butler, name: str, number: int) -> None:
    data_ids = rerun.subset(name.partition(".")[0]).cache
    is_there = Existence(rerun, name)
    found = [is_there(one) for one in data_ids]
    assert found == [rerun.datasetExists(name, one) for one in data_ids]
    assert sum(found) == number


def test_what_a_killed_writer_left_is_there_as_the_butler_says(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n").mkdir()
    intent = tmp_path / intents.FOLDER / "elsewhere-1-ab.json"
    intent.parent.mkdir(parents=True)
    moves = [["n/x.txt", "n/.put-x", None], ["n/y.txt", None, "n/.put-y"]]
    intent.write_text(json.dumps({"writer": "", "back": False, "moves": moves}))
    os.utime(intent, (0, 0))  # of long ago
    for name in (".put-x", "y.txt", ".put-y"):
        (tmp_path / "n" / name).touch()
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    is_there = Existence(butler, "note")
    for name, there in (("x", True), ("y", False)):
        assert butler.datasetExists("note", a=name) == is_there({"a": name}) == there, name


@pytest.fixture
def toy(tmp_path: Path) -> Butler:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n").mkdir()
    (tmp_path / "n" / "x.txt.gz").touch()
    os.symlink("nowhere", tmp_path / "n" / "y.txt")
    return Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))


@pytest.mark.parametrize("name", ["note", "pair"])
@pytest.mark.parametrize(("a", "is_there"), [("x", True), ("y", False), ("z", False)])
def test_compressed_files_are_there_and_links_to_nothing_are_not(
    toy: Butler, name: str, a: str, is_there: bool
) -> None:
    assert Existence(toy, name)({"a": a}) is toy.datasetExists(name, a=a) is is_there


def test_a_cameras_own_way_to_a_file_is_asked(tmp_path: Path, toy: Butler) -> None:
    class Odd(CameraMapper):
        def map_note(self, dataId: Any, write: bool = False) -> Location:
            return Location(str(tmp_path), "n/x.txt", None, "FitsStorage", None, "note", dataId)

    butler = Butler(tmp_path, mapper=Odd(str(tmp_path / "camera.yaml")))
    assert Existence(butler, "note")({"a": "z"}) is True
    assert Existence(toy, "note")({"a": "z"}) is False


@pytest.mark.parametrize("a", [None, "../x", ""])
def test_a_value_that_fits_no_path_is_not_there(toy: Butler, a: str | None) -> None:
    assert Existence(toy, "note")({"a": a}) is False


# -- many at once

KINDS = """
datasets:
  flat_names: {template: '%(a)s-%(n)d.txt', storage: FitsStorage}
  deep: {template: 'd/%(n)03d/%(a)s.fits.fz', storage: FitsStorage}
  as_called: {template: 't/%(a)s/%(n)d.yaml', storage: YamlStorage}
  lossy: {template: 'l/%(x).1f/%(a)s.txt', storage: TextStorage}
  directory: {template: 'd/%(n)03d/', storage: TextStorage}
  nothing: {template: 'n/%(a)s', storage: ignored}
  whole: {composite: {one: {datasetType: deep, inputOnly: true}, two: {datasetType: flat_names, inputOnly: true},
    three: {datasetType: lossy, optional: true, inputOnly: true}}, python: builtins.dict, assembler: builtins.dict}
  every: {composite: {all: {datasetType: deep, subset: true, inputOnly: true}}, python: builtins.dict, assembler: builtins.dict}
"""
NAMES = ["x", "y-1", "z.gz", "u", "ü"]
KEYS = {"a": NAMES, "n": [1, 2, 30], "x": [0.5, 1.0]}
FORMS = {
    "flat_names": "{a}-{n}.txt",
    "deep": "d/{n:03d}/{a}.fits.fz",
    "as_called": "t/{a}/{n}.yaml",
    "lossy": "l/{x:.1f}/{a}.txt",
}


def scatter(root: Path, random: Random) -> None:
    """Create some of the files of some data IDs: as they are called, compressed, links, links to nothing."""
    every = [dict(zip(KEYS, values, strict=True)) for values in itertools.product(*KEYS.values())]
    for form, data_id in itertools.product(FORMS.values(), every):
        if random.random() < 0.6:
            continue
        path = root / (form.format(**data_id) + random.choice(["", "", ".gz", ".fz"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(path):
            how = random.choice(["file", "file", "link", "dangling", "folder"])
            if how in ("file", "folder"):
                path.touch() if how == "file" else path.mkdir()
            else:
                path.symlink_to(root / "camera.yaml" if how == "link" else root / "nowhere")


@pytest.mark.parametrize("few", [4, -1, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_many_are_there_as_each_alone_is_in_a_chain_of_any_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr("persistence.files.listings._FEW", few)
    (tmp_path / "camera.yaml").write_text(KINDS)
    roots = [tmp_path / name for name in ("rerun", "first", "second")]
    for number, root in enumerate(roots):
        root.mkdir()
        scatter(root, Random(10 * seed + number))
    writer = DirectWriter(str(roots[1]))
    with writer.transaction():
        outside = {"d/001/u.fits.fz": "camera.yaml", "d/002/u.fits.fz": "nowhere"}
        writer.register({f"{roots[1]}/{path}": f"{tmp_path}/{to}" for path, to in outside.items()})
    writer.close()
    mapper = CameraMapper(str(tmp_path / "camera.yaml"))
    butler = Butler(inputs=[{"root": str(root), "mapper": mapper} for root in roots])
    values = KEYS | {"a": [*NAMES, "a/b", "../x", "", "."], "n": [*KEYS["n"], 4]}
    ids = [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]
    for name in (*FORMS, "directory", "nothing", "whole", "every"):
        each = [_is_there(butler, name, one) for one in ids]
        assert butler.exists(name, ids).tolist() == each, name
        assert name in ("nothing",) or len(set(each)) == 2, name


def _is_there(butler: Butler, name: str, data_id: dict[str, Any]) -> bool:
    try:
        return butler.datasetExists(name, data_id)
    except DataIdError:
        return False


@pytest.mark.parametrize("few", [3, 1000])
def test_files_that_are_registered_outside_are_found_at_once_among_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("persistence.registry.direct._FEW", few)
    (tmp_path / "camera.yaml").write_text(POLICY)
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    writer = DirectWriter(str(tmp_path))  # a side file that comes later
    with writer.transaction():
        files = {"x": "camera.yaml", "y": "nowhere", "other": "camera.yaml"}
        writer.register(
            {f"{tmp_path}/n/{a}.txt": f"{tmp_path}/{file}" for a, file in files.items()}
        )
    writer.close()
    ids = [{"a": a} for a in "xyzuv"]
    assert butler.exists("note", ids).tolist() == [True, False, False, False, False]
    (tmp_path / ".persistence" / "direct.sqlite3").unlink()
    assert not butler.exists("note", ids).any()


def tabled(ids: list[dict[str, Any]]) -> Iterator[Any]:
    """Yield data IDs in each of the forms that they may have."""
    yield ids
    yield iter(ids)
    yield [DataId(one) for one in ids]
    yield [{key: np.array([value])[0] for key, value in one.items()} for one in ids]
    columns = {key: [one[key] for one in ids] for key in ids[0]}
    yield columns
    yield {key: np.array(column) for key, column in columns.items()}
    yield Table(columns)
    yield Table(columns).as_array()
    yield Table(
        {key: np.array(column, "S" if key == "a" else int) for key, column in columns.items()}
    )
    pandas = pytest.importorskip("pandas")
    yield pandas.DataFrame(columns)


def test_data_ids_may_come_as_a_list_a_table_or_arrays(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(KINDS)
    for name in ("x-1.txt", "y-2.txt.gz"):
        (tmp_path / name).touch()
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    ids = [{"a": a, "n": n} for a, n in (("x", 1), ("x", 2), ("y", 2), ("y", 3))]
    for form in tabled(ids):
        flags = butler.exists("flat_names", form)
        assert flags.dtype == bool
        assert flags.tolist() == [True, False, True, False], form
    assert butler.exists("flat_names", {"a": ["x", "y"]}, n=2).tolist() == [False, True]
    assert butler.exists("flat_names", {"a": "y", "n": [1, 2]}).tolist() == [False, True]
    assert butler.exists("flat_names", {"a": "x"}, n="1").tolist() == [True]
    of_several_keys = [{"a": "x"}, {"n": 3}, {"n": 1, "a": "x"}]  # the only file of x tells n
    assert butler.exists("flat_names", of_several_keys).tolist() == [True, False, True]
    alike = [{"a": 1}, {"a": 1.0}, {"a": "1"}]  # equal, but shown as 1 and as 1.0
    (tmp_path / "1.0-1.txt").touch()
    assert butler.exists("flat_names", alike).tolist() == [False, True, False]
    assert butler.exists("flat_names", []).tolist() == []
    assert butler.exists("flat_names", butler.subset("flat_names", a="x", n=1)).tolist() == [True]
    masked = Table({"a": ["y", "z"], "n": np.ma.array([1, 1], mask=[True, True])})
    assert butler.exists("flat_names", masked).tolist() == [True, False]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("calexp", "is neither a list nor a table"),
        (7, "is neither a list nor a table"),
        ([7], "7 is not a data ID"),
        ({"a": ["x", "y"], "n": [1]}, "differ in length: a has 2, n has 1"),
    ],
)
def test_what_is_no_data_ids_is_refused_and_shown(toy: Butler, ids: Any, message: str) -> None:
    with pytest.raises(DataIdError, match=message):
        toy.exists("note", ids)


def test_a_key_that_nothing_knows_is_warned_of_once_and_no_condition(toy: Butler) -> None:
    with pytest.warns(UnknownKeyWarning, match="vist") as caught:
        assert toy.exists("note", [{"a": "x", "vist": 1}, {"a": "z", "vist": 2}]).tolist() == [
            True, False,
        ]  # fmt: skip
    assert len({str(warning.message) for warning in caught}) == len(caught) == 1
    with pytest.raises(UnknownDatasetType, match="noet"):
        toy.exists("noet", [])


@pytest.mark.parametrize("many", [1, 1000])
def test_a_registry_supplies_what_many_lack_as_it_does_for_each(
    rerun: Butler, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("persistence.butler.supplying._MANY", many)
    monkeypatch.setattr("persistence.butler.supplying._AT_ONCE", 1)
    whole = [dict(one) for one in rerun.subset("raw").cache]
    for keys in (["visit", "ccdnum"], ["visit"], ["visit", "hdu"], ["filter"]):
        ids = [{key: one[key] for key in keys} for one in whole]
        ids += [{**ids[0], keys[0]: 99}, {**ids[0], keys[0]: str(ids[0][keys[0]])}]
        each = [_is_there(rerun, "raw", one) for one in ids]
        assert rerun.exists("raw", ids).tolist() == each, keys
        assert any(each) == (keys not in (["visit"], ["filter"])), keys


def test_calibrations_are_chosen_for_each_exposure(
    own: Path, tmp_path: Path, master: Callable[..., str]
) -> None:
    calib = tmp_path / "CALIB"
    calib.mkdir()
    line = [str(own), master(), "--calib", str(calib), "--validity", "999"]
    assert ingest_calibs.main(line) == 0
    butler = Butler(own, calibRoot=str(calib))
    ids = butler.subset("raw").cache
    each = [butler.datasetExists("bias", one) for one in ids]
    assert butler.exists("bias", ids).tolist() == each
    assert 0 < sum(each) < len(each)


def test_a_reference_to_a_file_that_is_gone_or_has_changed_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(POLICY)
    (tmp_path / "n").mkdir()
    for a in "xyz":
        (tmp_path / f"{a}.txt").write_text(a)
        target = str(tmp_path / f"n/{a}.txt")
        with Batch() as batch:
            with batch.place(target) as temporary:
                references.refer(temporary, target, str(tmp_path / f"{a}.txt"), batch)
            batch.commit()
    (tmp_path / "y.txt").unlink()
    (tmp_path / "z.txt").write_text("changed")
    butler = Butler(tmp_path, mapper=CameraMapper(str(tmp_path / "camera.yaml")))
    for a in "yz":
        with pytest.raises(SourceChanged):
            butler.datasetExists("note", a=a)
    assert butler.exists("note", {"a": list("xyz")}).tolist() == [True, False, False]


def test_a_directory_that_may_be_read_but_not_entered_has_nothing_for_us(
    tmp_path: Path, as_nobody: Callable[[Callable[[], str]], str]
) -> None:
    (tmp_path / "camera.yaml").write_text(KINDS)
    for folder, mode in (("001", 0o744), ("002", 0o711), ("030", 0o755)):
        (tmp_path / "d" / folder).mkdir(parents=True)
        (tmp_path / "d" / folder / "x.fits.fz").touch()
        (tmp_path / "d" / folder).chmod(mode)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(0o755)

    def ask() -> str:
        names = ["x.fits.fz", *"abcdefg"]
        paths = [f"d/{folder}/{name}" for folder in ("001", "002", "030") for name in names]
        return str(sorted(Listings().present(str(tmp_path), by_directory(paths))))

    assert as_nobody(ask) == "['d/002', 'd/030']"


def test_a_directory_of_very_many_files_is_not_listed_for_a_few(tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    for number in range(700):
        (tmp_path / "n" / str(number)).touch()
    listings = Listings()
    few = [f"n/{name}" for name in [*"012345", "x"]]
    assert listings.present(str(tmp_path), {"n": few}) == {"n": few[:-1]}
    assert f"{tmp_path}/n/" not in listings._listed
    names = [f"n/{number}" for number in range(650, 750)]
    assert listings.present(str(tmp_path), {"n": names}) == {"n": names[:50]}
    assert f"{tmp_path}/n/" in listings._listed


def test_what_is_remembered_of_directories_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.files.listings._ENOUGH", 20)
    listings, names = Listings(), [*map(str, range(9))]
    for folder in "abcde":
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
        paths = [f"{folder}/{name}" for name in names]
        assert listings.present(str(tmp_path), {folder: paths}) == {folder: paths}
    assert len(listings._listed) < 3
