"""Integers of data IDs in bulk: Gen2's numbers, back again, and what is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st

from obs_decam import DecamMapper
from persistence import Butler
from persistence.cameras import id_columns
from persistence.errors import (
    DataIdError,
    MissingKey,
    NoResults,
    PersistenceError,
    UnknownDatasetType,
)
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap

DECAM = "lsst.obs.decam.DecamMapper"
# Vectors of Gen2, by the camera's name here.
CAMERAS = {"decam": DECAM, "hsc": "hsc", "imsim": "imsim", "latiss": "latiss", "megacam": "megacam",
           "test": "test"}  # fmt: skip
NAMES = {
    "_computeCcdExposureId": "ccdExposureId",
    "bypass_deepCoaddId": "deepCoaddId",
    "bypass_dcrCoaddId": "dcrCoaddId",
    "bypass_deepMergedCoaddId": "deepMergedCoaddId",
}


def opened(folder: Path, camera: str = DECAM) -> Butler:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "_mapper").write_text(f"{camera}\n")
    return Butler(folder)


@pytest.fixture(scope="module")
def decam(tmp_path_factory: pytest.TempPathFactory) -> Butler:
    return opened(tmp_path_factory.mktemp("ids") / "repo")


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_integers_are_the_originals_and_lead_back(
    tmp_path: Path, vectors: Callable[[str], Any], camera: str
) -> None:
    ids = opened(tmp_path, CAMERAS[camera]).ids
    compared = 0
    for entry in vectors(camera)["functions"]:
        data_id, name = entry["dataId"], NAMES.get(entry["function"])
        # Codes of the data ID that says nothing are Gen2's accident; names come from a file.
        if name is None or "result" not in entry or not data_id:
            continue
        bits = ids.of(name).bits
        assert bits is not None
        if entry["result"] >= 1 << bits:  # Gen2's ExposureIdInfo refuses it, too
            with pytest.raises(DataIdError, match="visit=3019110102212 is not in the range"):
                ids.pack(name, data_id)
            continue
        columns = {key: np.array([value] * 3) for key, value in data_id.items()}
        numbers = ids.pack(name, columns)
        assert numbers.tolist() == [entry["result"]] * 3, entry
        assert ids.pack(name, data_id) == entry["result"]
        back = ids.unpack(numbers, name)
        assert ids.pack(name, back).tolist() == numbers.tolist()
        for key in back.keys() & data_id.keys():
            assert str(back[key][1]) == str(data_id[key]), entry
        compared += 1
    assert compared >= 3


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2**31 // 100 - 1),
            st.sampled_from([*range(1, 61), 62]),
            st.integers(0, 2**32 - 1),
        ),
        min_size=1,
        max_size=20,
    ),
    kinds=st.tuples(*[st.sampled_from(["i8", "u8", "f8", "O", "U"])] * 2),
)
def test_rows_of_catalogs_are_packed_as_afws_id_factory_does(
    decam: Butler, rows: list[tuple[int, int, int]], kinds: tuple[str, str]
) -> None:
    """An IdFactory gives the exposure's number, shifted by 64 - 32 bits, plus the counter."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    given = {
        "visit": columns[0].astype(kinds[0]),
        "ccdnum": columns[1].astype(kinds[1]),
        "counter": columns[2],
    }
    numbers = decam.ids.pack("src", given)
    assert numbers.tolist() == [(v * 100 + c) * 2**32 + n for v, c, n in rows]
    back = decam.ids.unpack(numbers, "src")
    assert [*back] == ["visit", "ccdnum", "counter"]
    assert [*zip(*(back[key].tolist() for key in back), strict=True)] == rows


FORMS: dict[str, Any] = {
    "arrays": {"visit": np.array([7, 8], np.uint32), "ccd": np.array([1, 2], np.int8)},
    "lists": {"visit": [7, 8], "ccdnum": [1, 2]},
    "texts": {"visit": ["7", "8"], "ccdnum": ["01", "02"]},
    "bytes": {"visit": np.array([b"7", b"8"]), "ccdnum": [1, 2]},
    "table": Table({"visit": [7, 8], "ccdnum": [1, 2], "filter": ["g", "r"]}),
    "records": np.array([(7, 1), (8, 2)], dtype=[("visit", "i4"), ("ccdnum", "u1")]),
    "data IDs": [{"visit": 7, "ccdnum": 1}, {"visit": np.int64(8), "ccdnum": np.array(2)}],
    "unmasked": {"visit": np.ma.array([7, 8]), "ccdnum": [1, 2]},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_data_ids_come_in_many_forms(decam: Butler, form: str) -> None:
    assert decam.ids.pack("calexp", FORMS[form]).tolist() == [701, 802]


def test_columns_broadcast_and_shapes_are_kept(decam: Butler) -> None:
    numbers = decam.ids.pack("calexp", {"visit": np.arange(3)[:, None]}, ccdnum=np.array([[1, 2]]))
    assert numbers.tolist() == [[1, 2], [101, 102], [201, 202]]
    back = decam.ids.unpack(numbers)
    assert back["ccdnum"].shape == (3, 2)
    assert decam.ids.unpack(102)["visit"].shape == ()
    assert decam.ids.pack("calexp", visit=5, ccdnum=6) == 506
    assert decam.ids.pack("calexp", []).tolist() == []
    assert decam.ids.pack("calexp", {"visit": [], "ccdnum": []}).tolist() == []
    assert decam.ids.unpack(np.zeros(0, int))["visit"].tolist() == []
    assert [*decam.ids.unpack([101, 202]).data_ids()][1] == {"visit": 2, "ccdnum": 2}
    table = decam.ids.unpack(numbers.ravel()).to_table()
    assert (table.colnames, len(table)) == (["visit", "ccdnum"], 6)


def test_bits_are_those_of_the_camera(decam: Butler) -> None:
    ids = decam.ids
    known = {name: ids.of(name).bits for name in ("calexp", "deepCoadd", "deepCoaddId", "src")}
    assert known == {"calexp": 32, "deepCoadd": 34, "deepCoaddId": 34, "src": 63}
    assert ids.unpack(5).bits == 32
    assert repr(ids.of("calexp")) == "<packing of calexp into 32 bits>"


def test_each_catalog_of_coadds_has_the_integer_of_gen2(decam: Butler) -> None:
    """Sources keep the numbers of the catalog merged over filters; detections those of one."""
    patch = {"tract": 3, "patch": "4,5", "filter": "r", "counter": 9}
    merged = ((3 << 20) + (4 << 10) + 5) << 30 | 9
    single = ((((3 << 20) + (4 << 10) + 5) << 4) + 2) << 30 | 9
    names = ("deepCoadd_meas", "deepCoadd_ref", "deepCoadd_forced_src", "deepCoadd_det")
    packed = {name: int(decam.ids.pack(name, patch)) for name in names}
    assert packed == {**dict.fromkeys(names[:3], merged), "deepCoadd_det": single}
    back = decam.ids.unpack(single, "deepCoadd_det")
    assert {key: value.item() for key, value in back.items()} == patch


def test_many_patches_and_filters_are_told_apart_by_their_text(decam: Butler) -> None:
    """10^4 rows are hashed; fewer are sorted. The expected numbers are computed one by one."""
    rng = np.random.default_rng(3)
    x, y, tract, filters = (rng.integers(0, most, 10_000) for most in (30, 30, 1000, 5))
    bands = np.array(["u", "g", "r", "i", "VR"])[filters]
    patches = np.array([f"{i},{j}" for i, j in zip(x, y, strict=True)])
    numbers = decam.ids.pack("deepCoadd", {"tract": tract, "patch": patches, "filter": bands})
    code = np.array([0, 1, 2, 3, 6])[filters]
    assert (numbers == (((tract << 20) + (x << 10) + y) << 4) + code).all()
    back = decam.ids.unpack(numbers, "deepCoadd")
    assert (back["patch"] == patches).all()
    assert (back["filter"] == bands).all()


def test_texts_that_share_a_bucket_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_columns, "_FACTORS", (np.uint32(0),))
    texts = np.array([f"{number}," + "x" * (number % 3) + "y" for number in range(5000)])
    values, inverse = id_columns.distinct(texts)
    assert (np.array(values)[inverse] == texts).all()
    assert len(values) == 5000


def test_a_patch_may_be_a_sequential_number_of_the_sky_map(tmp_path: Path) -> None:
    butler = opened(tmp_path / "repo")
    with pytest.raises(NoResults, match="deepCoadd_skyMap"):
        butler.ids.pack("deepMergedCoaddId", tract=0, patch=5)
    config = DiscreteConfig(
        raList=(150.0, 151.0), decList=(2.0, 2.0), radiusList=(0.1, 0.2),
        patchInnerDimensions=(2000, 2000), pixelScale=0.263,
    )  # fmt: skip
    butler.put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    for tract in butler.sky.map():
        numbers = np.arange(len(tract))
        names = [patch.name for patch in tract]
        assert (
            butler.ids.pack("deepMergedCoaddId", tract=tract.tract_id, patch=numbers)
            == butler.ids.pack("deepMergedCoaddId", tract=tract.tract_id, patch=np.array(names))
        ).all()
    with pytest.raises(DataIdError, match="tract 0 has no patch 400: its grid is"):
        butler.ids.pack("deepMergedCoaddId", tract=np.array([1, 0]), patch=np.array([0, 400]))


MASKED = np.ma.array([1, 2, 3], mask=[0, 0, 1])
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "negative": ({"visit": [5, -1], "ccdnum": 1}, r"row 1: visit=-1 is not in the range from 0"),
    "wide": ({"visit": [5, 2**32], "ccdnum": 1}, r"row 1: visit=4294967296 is not in the range"),
    "very wide": ({"visit": np.array([2**64 - 1], "u8"), "ccdnum": 1}, "row 0: visit=184467440737"),
    "python's": ({"visit": [1, 2**70], "ccdnum": 1}, "row 1: "),
    "overflow": ({"visit": 1, "ccdnum": [1, 100]}, "row 1: ccdnum=100 is not in the range from 0"),
    "detector": ({"visit": 1, "ccdnum": [1, 63]}, "row 1: ccdnum=63: the camera has 1 to 62 without 61"),
    "no detector": ({"visit": 1, "ccdnum": [0, 1]}, "row 0: ccdnum=0: the camera has 1 to 62 without 61"),
    "nan": ({"visit": [1.0, np.nan], "ccdnum": 1}, "row 1: visit=nan is not an integer"),
    "infinity": ({"visit": [np.inf], "ccdnum": 1}, "row 0: visit=inf is not an integer"),
    "fraction": ({"visit": [1.0, 2.5], "ccdnum": 1}, "row 1: visit=2.5 is not an integer"),
    "masked": ({"visit": MASKED, "ccdnum": 1}, "row 2: visit is masked"),
    "masked column": ({"visit": MaskedColumn(MASKED), "ccdnum": 1}, "row 2: visit is masked"),
    "boolean": ({"visit": np.array([True]), "ccdnum": 1}, "visit: expected integers, not booleans"),
    "one boolean": ({"visit": True, "ccdnum": 1}, "visit: expected integers, not booleans"),
    "None": ({"visit": [1, None], "ccdnum": 1}, "row 1: visit=None"),
    "text": ({"visit": ["1", "x"], "ccdnum": 1}, "row 1: visit='x'"),
    "negative text": ({"visit": ["-12"], "ccdnum": 1}, "row 0: visit=-12 is not in the range"),
    "time": ({"visit": np.array(["2020-01-01"], "M8[D]"), "ccdnum": 1}, "visit: expected integers"),
    "lengths": ({"visit": [1, 2], "ccdnum": [1, 2, 3]}, "differ in length: visit has 2, ccdnum h"),
    "one of many": ({"visit": [1], "ccdnum": [1, 2, 3]}, "differ in length: visit has 1, ccdnum h"),
    "shapes": ({"visit": np.ones((2, 3)), "ccdnum": np.ones((3, 2))}, "differ in length"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_value_that_is_wrong_is_refused_with_its_row(decam: Butler, case: str) -> None:
    columns, message = BAD[case]
    with pytest.raises(DataIdError, match=message):
        decam.ids.pack("calexp", columns)


@pytest.mark.parametrize(
    ("name", "ids", "error", "message"),
    [
        ("calexp", {"visit": [1]}, MissingKey, "an identifier needs 'ccdnum'"),
        ("src", {"visit": 1, "ccdnum": 2}, MissingKey, "need 'counter'; the columns are visit"),
        ("src", {"visit": 1, "ccdnum": 2, "counter": 2**32}, DataIdError, "counter=4294967296"),
        ("src", {"visit": 4e7, "ccdnum": 2, "counter": 1}, DataIdError, "exceeds the 63 bits"),
        ("deepCoadd", {"tract": 1, "patch": "1,1"}, MissingKey, "an identifier needs 'filter'"),
        ("deepCoadd", {"tract": 1, "patch": "1", "filter": "g"}, DataIdError, "two integers"),
        ("deepCoadd", {"tract": 1, "patch": "1,2000", "filter": "g"}, DataIdError, "to 1023"),
        ("deepCoadd", {"tract": 1024, "patch": "1,1", "filter": "g"}, DataIdError, "tract=1024"),
        ("deepCoadd", {"tract": 1, "patch": "1,1", "filter": "q"}, DataIdError, "filter='q' is no"),
        ("deepCoadd_directWarp", {}, DataIdError, "has no integers: its keys are"),
        ("deepCoadd_skyMap", {}, DataIdError, "has no integers: its keys are none"),
        ("calxp", {}, UnknownDatasetType, "calexp"),
        ("calexp", [{"visit": 1, "ccdnum": 1}, {"visit": 1}], DataIdError, "different keys"),
        ("calexp", 5, DataIdError, "neither a list nor a table"),
    ],
)  # fmt: skip
def test_what_has_no_integer_is_refused(
    decam: Butler, name: str, ids: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        decam.ids.pack(name, ids)


@pytest.mark.parametrize(
    ("numbers", "name", "message"),
    [
        ([101, -1], "calexp", "row 1: calexp=-1 is not in the range"),
        ([101, 163], "calexp", "row 1: 163 has ccdnum 63: the camera has 1 to 62 without 61"),
        ([2**33], "calexp", r"row 0: 8589934592 has visit .*unpack\(integers, 'src'\)"),
        (np.array([2**63], "u8"), "src", "row 0: src=9223372036854775808 is not in the range"),
        ([1.5], "calexp", "row 0: calexp=1.5 is not an integer"),
        ([np.nan], "src", "row 0: src=nan is not an integer"),
        ([2.0**60], "src", "row 0: src=1.15.*is not an integer"),  # its last digits are lost
        (np.ma.array([101, 102], mask=[0, 1]), "calexp", "row 1: calexp is masked"),
        ([True], "calexp", "expected integers, not booleans"),
        (["x"], "calexp", "row 0: calexp='x'"),
        ([15], "deepCoadd", "row 0: 15 has filter 15: known are 0 "),
        ([1 << 34], "deepCoadd", "row 0: 17179869184 has tract 1024: it goes from 0 to 1023"),
    ],
)
def test_an_integer_of_no_data_id_is_refused(
    decam: Butler, numbers: Any, name: str, message: str
) -> None:
    with pytest.raises(DataIdError, match=message):
        decam.ids.unpack(numbers, name)


def test_an_integer_of_another_camera_is_refused_where_it_can_be_known(
    tmp_path: Path, decam: Butler
) -> None:
    """HSC's visit 1228, CCD 112 would be CCD 12 of DECam; its CCD 99 is a CCD that DECam lacks."""
    hsc = opened(tmp_path, "hsc").ids
    number = hsc.pack("calexp", visit=1228, ccd=99)
    with pytest.raises(DataIdError, match="has ccdnum 99: the camera has 1 to 62 without 61"):
        decam.ids.unpack(number)
    with pytest.raises(DataIdError, match=r"has ccd 1\d\d: the camera has"):
        hsc.unpack(decam.ids.pack("calexp", visit=[1, 3], ccdnum=[50, 60]))


class Hooked(DecamMapper):
    """A camera whose code numbers exposures, as cameras of Gen2 do."""

    calls = 0

    def _computeCcdExposureId(self, dataId: Any) -> int:
        Hooked.calls += 1
        return int(dataId["visit"]) * 7000 + 3 * int(dataId["ccdnum"])


def test_the_code_of_a_camera_is_respected_and_its_table_leads_back(tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text(f"{DECAM}\n")
    registry = sqlite3.connect(tmp_path / "registry.sqlite3")
    registry.execute(
        "CREATE TABLE raw (id integer primary key, visit int, ccdnum int, filter text, date text, "
        "hdu int, object text)"
    )
    rows = [(visit, ccd) for visit in (7, 8) for ccd in (28, 29)]
    registry.executemany("INSERT INTO raw (visit, ccdnum) VALUES (?, ?)", rows)
    registry.commit()
    registry.close()
    butler = Butler(str(tmp_path), mapper=Hooked)
    raws = [{"visit": visit, "ccdnum": ccd} for visit, ccd in rows]
    numbers = butler.ids.pack("calexp", raws)
    assert numbers.tolist() == [raw["visit"] * 7000 + 3 * raw["ccdnum"] for raw in raws]
    assert Hooked.calls >= len(raws)
    shuffled = numbers[::-1]
    back = butler.ids.unpack(shuffled)
    assert back["visit"].tolist() == [raw["visit"] for raw in raws][::-1]
    assert back["ccdnum"].tolist() == [raw["ccdnum"] for raw in raws][::-1]
    with pytest.raises(DataIdError, match="row 1: 5 is not the number of a data ID"):
        butler.ids.unpack([numbers[0], 5])
    with pytest.raises(PersistenceError, match="row 0: "):
        butler.ids.pack("calexp", {"visit": ["x"], "ccdnum": [1]})


def test_coded_keys_and_several_formulas_are_vectorised(tmp_path: Path) -> None:
    """SDSS's formula (obs_sdss: run * 10^6 + filter * 10^5 + camcol * 10^4 + field)."""
    sdss = opened(tmp_path / "sdss", "sdss").ids
    columns = {"run": [94, 94], "filter": ["u", "z"], "camcol": [1, 6], "field": [11, 300]}
    numbers = sdss.pack("ccdExposureId", columns)
    assert numbers.tolist() == [94_010_011, 94_460_300]
    back = sdss.unpack(numbers)
    assert {key: back[key].tolist() for key in columns} == columns
    with pytest.raises(DataIdError, match="row 1: filter='y' has no number"):
        sdss.pack("ccdExposureId", {**columns, "filter": ["u", "y"]})
    latiss = opened(tmp_path / "latiss", "latiss").ids
    days = {"dayObs": np.array(["2020-02-29", "2019-03-08"]), "seqNum": [1, 42]}
    assert latiss.pack("raw", days, controller="O").tolist() == [2020022900001, 2019030800042]


def test_existence_is_checked_in_the_shape_of_the_arrays(decam: Butler) -> None:
    path = Path(decam.getUri("calexp", visit=7, ccdnum=2, write=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    visits, chips = np.array([6, 7], np.uint16), np.arange(1, 4, dtype=np.uint8)
    flags = decam.exists("calexp", {"visit": visits[:, None], "ccdnum": chips})
    assert flags.tolist() == [[False] * 3, [False, True, False]]
    for visit in (7, np.uint64(7), np.array(7, np.int8), "7"):
        assert decam.exists("calexp", {"visit": visit, "ccdnum": chips}).tolist() == [0, 1, 0]
        assert decam.datasetExists("calexp", visit=visit, ccdnum=chips[1])
    with pytest.raises(
        DataIdError, match=r"differ in length: visit has \(2, 1\), ccdnum has \(3, "
    ):
        decam.exists("calexp", {"visit": visits[:, None], "ccdnum": np.ones((3, 2))})


def test_booleans_are_no_integers_of_data_ids(decam: Butler) -> None:
    with pytest.raises(DataIdError, match="visit=True: visit takes a value of type int"):
        decam.datasetExists("calexp", visit=True, ccdnum=1)
    with pytest.raises(DataIdError, match="visit: expected values of data IDs, not booleans"):
        decam.exists("calexp", {"visit": np.array([True, False]), "ccdnum": 1})
