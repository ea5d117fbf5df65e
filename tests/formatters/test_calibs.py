"""Calibrations of detectors in their forms: FITS, YAML, ECSV, pickled and plain arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import yaml
from astropy import units as u
from astropy.table import Table

from persistence.errors import FormatterError, UnsafeContent
from persistence.types.metadata.defects import COLUMNS, Defects
from persistence.types.metadata.isr import BrighterFatterKernel, Crosstalk, IsrCalib
from persistence.types.pixels.box import Box

META = {
    "OBSTYPE": "CROSSTALK", "INSTRUME": "DECam", "DETECTOR": 25, "CALIB_CREATION_DATE": "2020-01-01", "FILTER": None,
    "CROSSTALK_VERSION": 1.0,
}  # fmt: skip
COEFFS = [0.0, 0.1, 0.2, 0.0]
CROSSTALK = Crosstalk(
    "CROSSTALK",
    {**META, "HAS_CROSSTALK": True, "NAMP": 2},
    (
        Table(
            {
                "CT_COEFFS": [COEFFS],
                "CT_ERRORS": [[0.0] * 4],
                "CT_COUNTS": [[5, 6, 7, 8]],
                "CT_VALID": [[True, False, True, True]],
            }
        ),
        Table({"IC_SOURCE_DET": ["R01", "R02"], "IC_COEFFS": [COEFFS, COEFFS]}),
    ),
)
LINEARIZER = IsrCalib(
    "LINEARIZER",
    {**META, "OBSTYPE": "LINEARIZER"},
    (
        Table(
            {
                "AMPLIFIER_NAME": ["A", "B"],
                "TYPE": ["Squared", "Polynomial"],
                "COEFFS": [[1e-6, np.nan], [1.0, 2.0]],
                "RED_CHI_SQ": [0.5, 0.25],
            }
        ),
        Table({"LOOKUP_VALUES": np.arange(6.0).reshape(2, 3)}),
    ),
)
PTC = IsrCalib(
    "PTC",
    {**META, "OBSTYPE": "PTC"},
    (
        Table(
            {
                "AMPLIFIER_NAME": ["A", "B"],
                "GAIN": [1.5, 2.5] * u.electron / u.adu,
                "BAD_AMPS": ["", "B"],
            }
        ),
    ),
)
KERNEL = BrighterFatterKernel(
    "bfk",
    {**META, "OBSTYPE": "bfk", "LEVEL": "AMP"},
    (
        Table(
            {
                "AMPLIFIER": ["A", "B"],
                "KERNEL": np.arange(18.0).reshape(2, 9),
                "VALID": [True, False],
            }
        ),
    ),
)
CURVE = IsrCalib(
    "qe_curve",
    {**META, "OBSTYPE": "qe_curve", "MODE": "AMP"},
    (
        Table(
            {
                "amp_name": ["A", "A", "B"],
                "wavelength": [300.0, 400.0, 300.0] * u.nm,
                "efficiency": [10.0, 50.0, 20.0] * u.percent,
            }
        ),
    ),
)
DEFECTS = Defects(
    np.array([[0, 1, 2, 3], [5, 6, 1, 1]], "i4"), names=COLUMNS, meta={**META, "OBSTYPE": "defects"}
)
PYTHON = {
    "crosstalk": ("lsst.ip.isr.CrosstalkCalib", CROSSTALK),
    "linearizer": ("lsst.ip.isr.linearize.Linearizer", LINEARIZER),
    "ptc": ("lsst.ip.isr.PhotonTransferCurveDataset", PTC),
    "kernel": ("lsst.cp.pipe.makeBrighterFatterKernel.BrighterFatterKernel", KERNEL),
    "curve": ("lsst.meas.algorithms.simple_curve.Curve", CURVE),
}


def same(one, other):
    """Compare all of two calibrations: class, kind, metadata, columns with their types and units."""
    assert (type(one), one.kind, dict(one.metadata)) == (
        type(other),
        other.kind,
        dict(other.metadata),
    )
    assert [table.colnames for table in one.tables] == [table.colnames for table in other.tables]
    for mine, theirs in zip(one.tables, other.tables, strict=True):
        for name in mine.colnames:
            assert mine[name].dtype.kind == theirs[name].dtype.kind, name
            assert str(mine[name].unit) == str(theirs[name].unit), name
            np.testing.assert_array_equal(np.asarray(mine[name]), np.asarray(theirs[name]))


@pytest.mark.parametrize("storage", ["FitsCatalogStorage", "FitsStorage"])
@pytest.mark.parametrize("name", PYTHON)
def test_every_kind_comes_back_from_fits(disk_of, name, storage):
    python, calib = PYTHON[name]
    disk = disk_of(storage, python, ".fits")
    same(disk.there_and_back(calib), calib)


@pytest.mark.parametrize("name", ["crosstalk", "linearizer", "ptc"])
def test_what_has_a_form_in_yaml_comes_back_from_it(disk_of, name):
    python, calib = PYTHON[name]
    disk = disk_of("YamlStorage", python, ".yaml")
    bare = type(calib)(
        calib.kind,
        calib.metadata,
        tuple(Table({c: np.asarray(t[c]) for c in t.colnames}) for t in calib.tables),
    )
    same(disk.there_and_back(calib), bare)


def test_crosstalk_in_yaml_has_the_originals_keys(disk_of):
    disk = disk_of("YamlStorage", "lsst.ip.isr.crosstalk.CrosstalkCalib", ".yaml")
    data = yaml.safe_load(disk.bytes_of(CROSSTALK))
    assert data["metadata"] == META
    assert {key: value for key, value in data.items() if key != "metadata"} == {
        "hasCrosstalk": True, "nAmp": 2, "coeffs": COEFFS, "coeffErr": [0.0] * 4, "coeffNum": [5, 6, 7, 8],
        "coeffValid": [True, False, True, True], "interChip": {"R01": COEFFS, "R02": COEFFS},
    }  # fmt: skip


LINEAR = """
metadata: {OBSTYPE: LINEARIZER, DETECTOR: 3}
amplifiers:
  A: {linearityType: Squared, linearityCoeffs: [1.0e-06], fitParams: [0.0, 1.0]}
  B: {linearityType: Polynomial, linearityCoeffs: [1.0, 2.0], fitParams: []}
tableData: [[1.0, 2.0], [3.0, 4.0]]
"""


def test_a_linearizer_in_yaml_becomes_a_table_padded_with_nan(disk_of):
    disk = disk_of("YamlStorage", "lsst.ip.isr.linearize.Linearizer", ".yaml")
    found = disk.read(disk.put(LINEAR.encode()))
    assert (found.amplifiers, found.of_amplifier("B")["TYPE"]) == (["A", "B"], "Polynomial")
    np.testing.assert_array_equal(found["COEFFS"], [[1e-6, np.nan], [1.0, 2.0]])
    np.testing.assert_array_equal(found["FIT_PARAMS"], [[0.0, 1.0], [np.nan, np.nan]])
    assert found["LOOKUP_VALUES"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_form_of_a_file_is_what_its_bytes_tell(disk_of):
    """ECSV and YAML under a FITS storage, as curated calibrations lie in the original's data packages."""
    disk = disk_of("FitsCatalogStorage", PYTHON["curve"][0], ".ecsv")
    location = disk.place()
    table = CURVE.tables[0].copy()
    table.meta = dict(CURVE.metadata)
    table.write(location.full_path, format="ascii.ecsv")
    same(disk.read(location), CURVE)
    disk = disk_of("FitsCatalogStorage", PYTHON["linearizer"][0], ".yaml")
    assert disk.read(disk.put(LINEAR.encode())).kind == "LINEARIZER"


def test_the_matrix_is_stored_by_source_and_victim():
    assert CROSSTALK.coefficients.tolist() == [[0.0, 0.1], [0.2, 0.0]]
    assert CROSSTALK.matrix("CT_VALID").tolist() == [[True, False], [True, True]]
    odd = Crosstalk("CROSSTALK", {}, (Table({"CT_COEFFS": [[1.0, 2.0, 3.0]]}),))
    with pytest.raises(FormatterError, match="3 numbers, which is not a square"):
        _ = odd.coefficients


def test_a_kernel_is_square(disk_of):
    assert KERNEL.kernel("B").tolist() == np.arange(9.0, 18.0).reshape(3, 3).tolist()
    with pytest.raises(FormatterError, match="name one of A, B"):
        KERNEL.kernel()
    with pytest.raises(KeyError, match="no amplifier 'C'"):
        KERNEL.kernel("C")


def test_columns_are_found_in_any_table_and_missing_ones_are_named():
    assert CROSSTALK["IC_SOURCE_DET"].tolist() == ["R01", "R02"]
    assert "CT_VALID" in CROSSTALK
    assert "KERNEL" not in CROSSTALK
    with pytest.raises(KeyError, match="no column 'CT_COEFS'; did you mean 'CT_COEFFS'"):
        CROSSTALK["CT_COEFS"]
    assert CURVE.amplifiers == ["A", "B"]
    assert CROSSTALK.amplifiers == []
    assert repr(PTC) == "<IsrCalib PTC of detector 25: 2 rows of AMPLIFIER_NAME, GAIN, BAD_AMPS>"


@pytest.mark.parametrize("ending", [".pkl", ".npy"])
def test_an_array_is_a_kernel_of_the_whole_detector(disk_of, ending):
    disk = disk_of("PickleStorage", PYTHON["kernel"][0], ending)
    array = np.arange(9.0).reshape(3, 3)
    location = disk.place()
    if ending == ".npy":
        np.save(location.full_path, array)
    else:
        location = disk.put(pickle.dumps(array, 2))
    assert disk.read(location).kernel().tolist() == array.tolist()


def test_arrays_of_objects_are_not_unpickled(disk_of, tmp_path):
    disk = disk_of("PickleStorage", PYTHON["kernel"][0], ".npy")
    location = disk.place()
    np.save(location.full_path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(FormatterError, match="cannot be read as PickleStorage"):
        disk.read(location)
    with pytest.raises(UnsafeContent):
        disk.read(disk.put(b"cos\nsystem\n(S'true'\ntR."))
    with pytest.raises(FormatterError, match="not an array"):
        disk.read(disk.put(pickle.dumps({"a": 1})))


# -- defects
# --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["FitsCatalogStorage", "FitsStorage", "YamlStorage"])
def test_defects_come_back(disk_of, storage):
    disk = disk_of(storage, "lsst.ip.isr.Defects", ".x")
    found = disk.there_and_back(DEFECTS)
    assert (type(found), found.boxes) == (Defects, [Box(0, 1, 2, 3), Box(5, 6, 1, 1)])
    assert dict(found.meta) == dict(DEFECTS.meta)
    assert [found[name].dtype.kind for name in COLUMNS] == ["i"] * 4


def test_a_plain_table_is_written_as_it_was_and_read_as_defects(disk_of):
    disk = disk_of("FitsCatalogStorage", "lsst.ip.isr.Defects", ".fits")
    found = disk.there_and_back(Table(DEFECTS, meta={"DETECTOR": 5}))
    assert (type(found), found.meta["DETECTOR"]) == (Defects, 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1, 2]", "is not a mapping"),
        (
            b"{metadata: {}, x0: [1.5], y0: [1], width: [1], height: [1]}",
            r"the value 1.5 at \[0\] does not fit into int32",
        ),
        (
            b"{metadata: {}, x0: [1]}",
            "not a table of defects: it has no y0, width, height, nor SHAPE",
        ),
        (b"# %ECSV 1.0\nnonsense", "cannot be read as ECSV"),
        (b"SIMPLE  = nonsense", "cannot be read as FITS"),
        (b"!!python/object/apply:os.system ['true']", "nothing of it was run"),
    ],
)
def test_what_are_no_defects_is_refused_by_name(disk_of, content, message):
    disk = disk_of("FitsCatalogStorage", "lsst.ip.isr.Defects", ".x")
    location = disk.put(content)
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{a: 1}", "does not have a mapping 'metadata'"),
        (b"{metadata: {}, coeffs: [[1, 2], [3]]}", "CT_COEFFS is not a regular array"),
        (b"{metadata: {}, amplifiers: [1]}", "'amplifiers' are not a mapping of mappings"),
        (b"{metadata: {}, amplifiers: {A: 1}}", "'amplifiers' are not a mapping of mappings"),
    ],
)
def test_what_is_no_calibration_is_refused_by_name(disk_of, content, message):
    disk = disk_of("YamlStorage", "lsst.ip.isr.CrosstalkCalib", ".x")
    location = disk.put(content)
    with pytest.raises(FormatterError, match=message) as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


def test_what_yaml_or_a_pickle_has_no_place_for_is_not_written(disk_of):
    with pytest.raises(FormatterError, match="YAML cannot hold a table of amp_name"):
        disk_of("YamlStorage", PYTHON["curve"][0], ".yaml").write(CURVE)
    with pytest.raises(FormatterError, match="cannot be written as PickleStorage"):
        disk_of("PickleStorage", PYTHON["kernel"][0], ".pkl").write(KERNEL)


@pytest.mark.real
def test_real_defects_are_read_as_boxes(real, disk_of):
    disk = disk_of("FitsCatalogStorage", "lsst.ip.isr.Defects", ".fits")
    found = disk.read(
        disk.put((real / "gen2_repos/obs_test/input/defects/defects.fits").read_bytes())
    )
    assert (len(found), found.boxes[:2]) == (504, [Box(151, 5, 1, 1), Box(474, 7, 1, 1)])
    assert (found.meta["DEFECTS_SCHEMA"], found.meta["FILTER"]) == ("FITS Region", None)
    pixels = {
        (box.x0 + number % box.width, box.y0 + number // box.width)
        for box in found.boxes
        for number in range(box.width * box.height)
    }
    assert found.mask((4000, 2000))["BAD"].sum() == len(pixels) == 1364
    assert disk.there_and_back(found).boxes == found.boxes
