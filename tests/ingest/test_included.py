"""Ingest into the cameras that come with the package: of real headers and real raws, against others' answers.

The oracles are astro_metadata_translator, the registries that Gen2 wrote, or the header itself.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astro_metadata_translator import ObservationInfo
from astro_metadata_translator.translators import HscTranslator
from astropy.io import fits
from astropy.table import Table

from persistence import Butler
from persistence.cameras import installed
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.ingest import rubin

pytestmark = pytest.mark.filterwarnings("ignore::erfa.ErfaWarning")


REGISTRY = "calibRegistry.sqlite3"
TABLES = "(SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%')"


def cards_of(path: Path) -> dict[str, Any]:
    """Read a header in either of the forms that the files have."""
    text = path.read_text()
    if text.startswith("!<lsst"):
        return {card[0]: card[2] for card in yaml.safe_load(text.split("\n", 1)[1])}
    return dict(yaml.safe_load(text))


def header_of(cards: Mapping[str, Any]) -> fits.Header:
    """Return a header of cards, without those that describe the pixels."""
    layout = ("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "XTENSION", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK", "COMMENT", "HISTORY", "")  # fmt: skip
    header = fits.Header()
    for key, value in cards.items():
        # TIME-MID: afw wrote the exposure
        if key.rstrip("0123456789") not in (*layout, "TIME-MID") and len(key) < 9:
            header[key] = value
    return header


def write(path: Path, cards: Mapping[str, Any], extname: str | None = None) -> Path:
    """Write an image of a few pixels; in an extension, if that has a name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(12, dtype=np.int16).reshape(3, 4)
    header = header_of(cards)
    if extname is None:
        hdus = [fits.PrimaryHDU(pixels, header)]
    else:
        header["EXTNAME"] = extname
        hdus = [fits.PrimaryHDU(header=header_of(cards)), fits.ImageHDU(pixels, header)]
    fits.HDUList(hdus).writeto(path)
    return path


def make(root: Path, camera: str) -> Path:
    """Return an empty repository."""
    root.mkdir(parents=True)
    (root / "_mapper").write_text(f"{camera}\n")
    return root


def rows(
    root: Path, table: str = "raw", registry: str = "registry.sqlite3"
) -> list[dict[str, Any]]:
    """Return the rows of a registry's table, without their numbers."""
    db = sqlite3.connect(f"file:{root / registry}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    found = [
        {key: value for key, value in zip(row.keys(), row, strict=True) if key != "id"}
        for row in db.execute(f"SELECT * FROM {table}")
    ]
    db.close()
    return found


def ingest(root: Path, *paths: Path) -> int:
    return ingest_images.main([str(root), "--mode", "copy", *map(str, paths)])


# Camera -> its header, the file's name and extension, the row that it has to get (beside what the
# oracle says), the data ID by which the raw is asked for, and where it has to lie.
HEADERS: Mapping[str, dict[str, Any]] = {
    "hsc": {
        "header": "fitsheader-hsc.yaml",
        "file": "HSCA90402512.fits",
        "row": {"field": "STRIPE82L", "filter": "HSC-I", "pointing": 671, "frameId": "HSCA90402512", "expId": "HSCA90402400",
                "proposal": "o13015", "dataType": "OBJECT", "dateObs": "2013-11-02", "taiObs": "2013-11-02", "visit": 904024,
                "pa": 0.0, "ccdTemp": -101.158, "autoguider": 0, "config": "20130327.cfg"},
        "path": "STRIPE82L/2013-11-02/00671/HSC-I/HSC-0904024-050.fits",
    },
    "suprimecam": {
        "header": "fitsheader-suprimecam-CORR40535770.yaml",
        "file": "SUPA00535770.fits",
        "row": {"field": "ECLIPTIC_DEEP_FIELD", "filter": "W-S-R+", "pointing": 1208, "pa": None, "ccdTemp": 0.0, "frameId": "SUPA00535770",
                "visit": 53577, "dateObs": "2007-04-23"},
        "path": "ECLIPTIC_DEEP_FIELD/2007-04-23/01208/W-S-R+/SUPA00535770.fits",
    },
    "megacam": {
        "header": "fitsheader-megaprime.yaml",
        "file": "1038843p.fits",
        "extname": "ccd02",
        "row": {"state": "p", "extension": 1, "filter": "i2", "date": "2008-11-01", "taiObs": "2008-11-01T14:33:32.40", "defects": None,
                "runId": "08BL05", "object": "w2.+2+2", "visit": 1038843},
        "path": "raw/08BL05/w2.+2+2/2008-11-01/i2/1038843p.fits.fz",
    },
    "sdss": {
        "header": "fitsheader-sdss-fpC-006377-g4-0399.yaml",
        "file": "6377/40/corr/4/fpC-006377-g4-0399.fit",
        "row": {"run": 6377, "rerun": 40, "camcol": 4, "field": 399, "filter": "g", "strip": "82S", "taiObs": "2006-09-20T06:01:22.730"},
        "path": "6377/40/corr/4/fpC-006377-g4-0399.fit.gz",
    },
}  # fmt: skip


def ingested(real: Path, folder: Path, camera: str) -> tuple[Path, dict[str, Any]]:
    """Ingest a file of a camera's real header into a new repository."""
    case = HEADERS[camera]
    cards = cards_of(real / "camera_headers" / case["header"])
    path = write(folder / case["file"], cards, case.get("extname"))
    root = make(folder / "repo", camera)
    assert ingest(root, path) == 0
    return root, cards


def oracle(cards: Mapping[str, Any]) -> ObservationInfo:
    return ObservationInfo({"OBJECT": "a field", **cards}, pedantic=False)


@pytest.mark.real
@pytest.mark.parametrize("camera", HEADERS)
def test_a_file_of_a_real_header_gets_the_row_that_the_oracle_tells(
    real: Path, tmp_path: Path, camera: str
) -> None:
    root, cards = ingested(real, tmp_path, camera)
    (row,) = rows(root)
    expected = HEADERS[camera]["row"]
    assert {key: row[key] for key in expected} == expected
    assert (root / HEADERS[camera]["path"]).is_file()
    told = oracle(cards)
    if "expTime" in row:
        assert row["expTime"] == told.exposure_time.to_value("s")
    if "ccd" in row:
        assert row["ccd"] == told.detector_num
    if "visit" in row:
        assert row["visit"] == told.exposure_id
    mapper = installed.find(camera)()
    assert mapper.translator.label(told.physical_filter).name == row["filter"]
    begin = next(row[key] for key in ("taiObs", "dateObs") if key in row)
    scale = told.datetime_begin.tai if camera == "sdss" else told.datetime_begin.utc
    assert scale.isot.startswith(begin.rstrip("0"))


@pytest.mark.real
@pytest.mark.parametrize("camera", ["hsc", "suprimecam", "megacam"])
def test_what_was_ingested_is_read_with_what_its_header_means(
    real: Path, tmp_path: Path, camera: str
) -> None:
    root, cards = ingested(real, tmp_path, camera)
    (row,) = rows(root)
    told = oracle(cards)
    butler = Butler(root)
    raw = butler.get("raw", visit=row["visit"], detector=row["ccd"])
    assert raw.image.tolist() == np.arange(12).reshape(3, 4).tolist()
    info = raw.visit_info
    assert abs((info.date - told.datetime_begin).sec) < 1e-3
    assert info.exposure_time == told.exposure_time.to_value("s")
    assert raw.filter.name == row["filter"]
    assert raw.detector.id == told.detector_num
    number = butler.get("ccdExposureId", visit=row["visit"], detector=row["ccd"])
    assert installed.find(camera)().exposure_of(number) == {
        "visit": row["visit"],
        "ccd": row["ccd"],
    }


# What no one has a real file of here: cards of real ones, as astro_metadata_translator's and obs_lsst's
# tests tell them, and the row that obs_lsst makes of them.
RUBIN: Mapping[str, dict[str, Any]] = {
    "lsstCam": {
        "cards": {"INSTRUME": "lsstCam", "OBSID": "MC_C_20190322_000002", "CONTRLLR": "C", "RAFTBAY": "R10", "CCDSLOT": "S22",
                  "RUNNUM": "6489D", "FILTER": "SDSSi", "FILTER2": "ND_OD0.5", "DATE-OBS": "2019-03-22T15:31:01.904", "EXPTIME": 1.0,
                  "IMGTYPE": "FLAT", "DAYOBS": "20190322", "SEQNUM": 2},
        "row": {"run": "6489D", "visit": 3019032200002, "expId": 3019032200002, "raftName": "R10", "detectorName": "S22", "detector": 35,
                "filter": "SDSSi~ND_OD0.5", "dateObs": "2019-03-22T15:31:01.904", "expTime": 1.0, "imageType": "FLAT", "wavelength": -666,
                "controller": "C", "obsid": "MC_C_20190322_000002", "expGroup": "3019032200002", "dayObs": "2019-03-22", "seqNum": 2, "snap": 0},
        "path": "raw/2019-03-22/3019032200002/3019032200002-R10-S22-det035.fits",
    },
    "comCam": {
        "cards": {"INSTRUME": "ComCam", "OBSID": "CC_C_20190530_000001", "RAFTBAY": "R22", "CCDSLOT": "S00", "DATE-OBS": "2019-05-31T02:38:37.384",
                  "EXPTIME": 0.0, "IMGTYPE": "BIAS", "DAYOBS": "20190530", "SEQNUM": 1},
        "row": {"run": "unknown", "visit": 3019053000001, "expId": 3019053000001, "raftName": "R22", "detectorName": "S00", "detector": 0,
                "filter": "unknown", "dayObs": "2019-05-30", "dateObs": "2019-05-31T02:38:37.384", "imageType": "BIAS"},
        "path": "raw/unknown/R22/3019053000001-R22-S00-det000.fits",
    },
    "phosim": {
        "cards": {"CREATOR": "PHOSIM", "TESTTYPE": "PHOSIM", "OBSID": "204595", "RUNNUM": "204595", "RAFTNAME": "R11", "SENSNAME": "S20",
                  "LSST_NUM": "R11_S20", "FILTER": "i", "MJD-OBS": 59857.286937, "EXPTIME": 30.0, "IMGTYPE": "SKYEXP", "MONOWL": 0.0},
        "row": {"run": "204595", "visit": 204595, "expId": 204595, "raftName": "R11", "detectorName": "S20", "detector": 42, "filter": "i",
                "dateObs": "2022-10-05T06:53:11.357", "lsstSerial": "R11_S20", "controller": "S", "snap": 0, "testType": "PHOSIM",
                "imageType": "SKYEXP"},
        "path": "raw/204595/R11/00204595-R11-S20-det042.fits",
    },
    "ts8": {
        "cards": {"TSTAND": "TS8", "RAFTNAME": "LCA-11021_RTM-010", "LSST_NUM": "E2V-CCD250-179-Dev", "RUNNUM": "6006D", "FILTPOS": 5, "FILTER": "",
                  "DATE-OBS": "2018-07-24T10:28:45.342", "EXPTIME": 21.7, "IMGTYPE": "FLAT", "TESTTYPE": "LAMBDA", "MONOWL": 700.12, "SEQNUM": 17,
                  "FILENAME": "E2V-CCD250-179-Dev_lambda_flat_0700_6006D_20180724102845.fits"},
        "row": {"run": "6006D", "visit": 201807241028453, "expId": 201807241028453, "raftName": "RTM-010", "detectorName": "S11", "detector": 67,
                "filter": "z", "wavelength": 700, "dayObs": "2018-07-24", "testSeqNum": 17, "lsstSerial": "E2V-CCD250-179-Dev"},
        "path": "raw/6006D/201807241028453-RTM-010-S11-det067.fits",
    },
}  # fmt: skip


@pytest.mark.parametrize("camera", RUBIN)
def test_a_raw_of_a_rubin_camera_gets_the_row_that_obs_lsst_made(
    tmp_path: Path, camera: str
) -> None:
    case = RUBIN[camera]
    path = write(tmp_path / "raw.fits", case["cards"])
    root = make(tmp_path / "repo", camera)
    assert ingest(root, path) == 0
    (row,) = rows(root)
    assert {key: row[key] for key in case["row"]} == case["row"]
    assert (root / case["path"]).is_file()
    butler = Butler(root)
    number = butler.get("ccdExposureId", visit=row["visit"], detector=row["detector"])
    mapper = installed.find(camera)()
    assert mapper.exposure_of(number) == {"visit": row["visit"], "detector": row["detector"]}
    header = butler.get("_raw", visit=row["visit"], detector=row["detector"])
    info = mapper.translator.visit_info(header)
    assert info.exposure_time == row["expTime"]
    assert info.date is not None


@pytest.mark.real
@pytest.mark.parametrize("camera", ["imsim", pytest.param("latiss", marks=pytest.mark.slow)])
def test_a_real_raw_of_a_rubin_camera_gets_the_row_and_the_place_that_gen2_gave_it(
    real: Path, tmp_path: Path, camera: str
) -> None:
    theirs = real / "gen2_repos" / camera
    (source,) = (theirs / "raw").rglob("*.fits")
    root = make(tmp_path / "repo", camera)
    assert ingest(root, source) == 0
    for table in ("raw", "raw_visit"):
        assert rows(root, table) == rows(theirs, table)
    assert (root / source.relative_to(theirs)).read_bytes() == source.read_bytes()
    ours, gen2 = Butler(root), Butler(theirs)
    (row,) = rows(root)
    data_id = {"visit": row["visit"], "detector": row["detector"]}
    found, expected = ours.get("raw", data_id), gen2.get("raw", data_id)
    assert np.array_equal(found.image, expected.image)
    assert found.visit_info == expected.visit_info
    assert found.detector.id == row["detector"]
    assert found.filter.name == row["filter"]


@pytest.mark.real
@pytest.mark.slow  # whole real calibrations are copied and read
@pytest.mark.parametrize("camera", ["imsim", "latiss"])
def test_real_calibrations_of_a_rubin_camera_get_the_rows_that_gen2_gave_them(
    real: Path, tmp_path: Path, camera: str
) -> None:
    theirs = real / "gen2_repos" / camera
    root, calib = make(tmp_path / "repo", camera), tmp_path / "calib"
    calib.mkdir()
    (source,) = (theirs / "raw").rglob("*.fits")
    assert ingest(root, source) == 0
    files = [*(theirs / "CALIB").rglob("*.fits")]
    main = [str(root), "--calib", str(calib), "--mode", "copy", "--validity", "99999"]
    assert ingest_calibs.main([*main, *map(str, files)]) == 0
    (row,) = rows(root)
    butler = Butler(root, calibRoot=str(calib))
    ours, gen2 = (rows(folder, TABLES, REGISTRY) for folder in (calib, theirs / "CALIB"))
    assert ours == gen2
    for source in files:
        place = source.relative_to(theirs / "CALIB")
        kind = place.parts[0]
        ours, gen2 = (rows(folder, kind, REGISTRY) for folder in (calib, theirs / "CALIB"))
        assert ours == gen2
        chosen = butler.getUri(kind, visit=row["visit"], detector=row["detector"])
        assert chosen == str(calib / place)
        assert np.array_equal(
            butler.get(kind, visit=row["visit"], detector=row["detector"]).image,
            Butler(theirs, calibRoot=str(theirs / "CALIB"))
            .get(kind, visit=row["visit"], detector=row["detector"])
            .image,
        )


@pytest.mark.real
def test_a_calibration_of_hsc_is_ingested_and_the_nearest_is_chosen(
    real: Path, tmp_path: Path
) -> None:
    root, _ = ingested(real, tmp_path, "hsc")
    calib = tmp_path / "calib"
    calib.mkdir()
    names = []
    for date in ("2013-10-01", "2013-11-05", "2014-06-01"):
        for kind, label in (("bias", "NONE"), ("flat", "HSC-I")):
            cards = {
                "OBSTYPE": kind,
                "CALIB_ID": f"filter={label} ccd=50 calibDate={date}",
                "INSTRUME": "Hyper Suprime-Cam",
            }
            names.append(str(write(tmp_path / "masters" / f"{kind}-{date}.fits", cards)))
    main = [str(root), "--calib", str(calib), "--mode", "copy", "--validity", "360", *names]
    assert ingest_calibs.main(main) == 0
    found = rows(calib, "flat", REGISTRY)
    assert [row["calibDate"] for row in found] == ["2013-10-01", "2013-11-05", "2014-06-01"]
    assert {(row["filter"], row["ccd"]) for row in found} == {("HSC-I", 50)}
    butler = Butler(root, calibRoot=str(calib))
    data_id = {"visit": 904024, "detector": 50}
    assert butler.getUri("bias", data_id) == str(calib / "BIAS/2013-11-05/NONE/BIAS-2013-11-05-050.fits")  # fmt: skip
    assert butler.getUri("flat", data_id) == str(calib / "FLAT/2013-11-05/HSC-I/FLAT-2013-11-05-HSC-I-050.fits")  # fmt: skip


@pytest.mark.real
def test_a_flat_of_suprime_cam_is_ingested_and_chosen(real: Path, tmp_path: Path) -> None:
    root, _ = ingested(real, tmp_path, "suprimecam")
    calib = tmp_path / "calib"
    calib.mkdir()
    cards = {"OBSTYPE": "flat", "CALIB_ID": "filter=W-S-R+ ccd=0 calibDate=2007-04-20"}
    path = write(tmp_path / "flat.fits", cards)
    main = [str(root), "--calib", str(calib), "--mode", "copy", "--validity", "30", str(path)]
    assert ingest_calibs.main(main) == 0
    chosen = Butler(root, calibRoot=str(calib)).getUri("flat", visit=53577, detector=0)
    assert chosen == str(calib / "FLAT/2007-04-20/W-S-R+/FLAT-2007-04-20-W-S-R+-0.fits")


@pytest.mark.parametrize("camera", RUBIN)
def test_a_bias_of_a_rubin_camera_is_ingested_and_chosen(tmp_path: Path, camera: str) -> None:
    root, calib = make(tmp_path / "repo", camera), tmp_path / "calib"
    calib.mkdir()
    assert ingest(root, write(tmp_path / "raw.fits", RUBIN[camera]["cards"])) == 0
    (row,) = rows(root)
    date = row["dateObs"][:10]
    parts = {key: row[key] for key in ("detector", "raftName", "detectorName")}
    named = " ".join(f"{key}={value}" for key, value in parts.items())
    masters = []
    for day in (date, "2001-01-01"):
        cards = {"OBSTYPE": "bias", "CALIB_ID": f"{named} filter=NONE calibDate={day}"}
        masters.append(str(write(tmp_path / f"{day}.fits", cards)))
    main = [str(root), "--calib", str(calib), "--mode", "copy", "--validity", "9999", *masters]
    assert ingest_calibs.main(main) == 0
    found = rows(calib, "bias", REGISTRY)
    assert [row["calibDate"] for row in found] == [date, "2001-01-01"]
    assert all(each[key] == value for each in found for key, value in parts.items())
    data_id = {"visit": row["visit"], "detector": row["detector"]}
    chosen = Butler(root, calibRoot=str(calib)).getUri("bias", data_id)
    assert f"bias/{date}/bias-" in chosen


def test_curated_defects_of_hsc_lie_by_the_names_of_its_detectors(tmp_path: Path) -> None:
    root, calib = make(tmp_path / "repo", "hsc"), tmp_path / "calib"
    calib.mkdir()
    # 1_12 is the name of the detector 50. Source: astro_metadata_translator.
    assert HscTranslator._DETECTOR_NUM_TO_UNIQUE_NAME[50] == "1_12"
    path = tmp_path / "hsc/defects/1_12/20130131T000000.ecsv"
    path.parent.mkdir(parents=True)
    meta = {
        "OBSTYPE": "defects",
        "INSTRUME": "HSC",
        "DETECTOR": 50,
        "CALIBDATE": "2013-01-31T00:00:00",
        "FILTER": None,
    }
    Table({"x0": [1], "y0": [2], "width": [3], "height": [4]}, meta=meta).write(
        path, format="ascii.ecsv"
    )
    main = [str(root), str(tmp_path / "hsc" / "defects"), "--calib", str(calib)]
    assert ingest_curated.main(main) == 0
    (row,) = rows(calib, "defects", REGISTRY)
    assert (row["ccd"], row["filter"]) == (50, "NONE")
    date = row["calibDate"]
    assert date.startswith("2013-01-31")
    assert (calib / f"defects/{date}/defects-{date}-050.fits").is_file()


def test_a_raw_and_a_calibration_of_the_test_camera_are_ingested(tmp_path: Path) -> None:
    root, calib = make(tmp_path / "repo", "test"), tmp_path / "calib"
    calib.mkdir()
    cards = {"OBSID": 85470982, "EXPTIME": 15.0, "FILTER": "g", "TAI": 54000.1}
    assert ingest(root, write(tmp_path / "raw.fits", cards)) == 0
    assert rows(root) == [{"visit": 85470982, "filter": "g", "expTime": 15.0}]
    assert Butler(root).get("raw", visit=85470982, detector=0).image.shape == (3, 4)
    masters = [
        write(tmp_path / f"{kind}.fits", {"OBSTYPE": kind, "FILTER": "g", "DATE-OBS": "1999-01-17"})
        for kind in ("bias", "flat")
    ]
    main = [
        str(root),
        "--calib",
        str(calib),
        "--mode",
        "copy",
        "--validity",
        "10",
        *map(str, masters),
    ]
    assert ingest_calibs.main(main) == 0
    (row,) = rows(calib, "flat", REGISTRY)
    assert (row["filter"], row["calibDate"]) == ("g", "1999-01-17")


BAD: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "of another camera": (
        "lsstCam", {"INSTRUME": "ComCam"}, "it is from another camera: INSTRUME is 'ComCam', not lsstCam or LSSTCam or LSST_CAMERA",
    ),
    "of another simulation": (
        "imsim", {"TESTTYPE": "PHOSIM", "INSTRUME": "lsstCam"}, "it is from another camera: TESTTYPE is 'PHOSIM', not IMSIM (INSTRUME is 'lsstCam')",
    ),
    "of a raft that there is not": ("lsstCam", {"RAFTBAY": "R99"}, "the camera has no detector 'R99_S22'"),
    "of a controller that there is not": (
        "lsstCam", {"OBSID": "MC_X_20190322_000002"}, "the controller 'X' is not one of O, C, P, Q, S",
    ),
    "of a filter that there is not": ("phosim", {"FILTER": "v"}, "filter='v' is not a filter that the camera lists"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_raw_that_cannot_be_of_the_camera_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    camera, changes, message = BAD[case]
    cards = RUBIN.get(camera, RUBIN["phosim"])["cards"] | changes
    root = make(tmp_path / "repo", camera)
    path = write(tmp_path / "raw.fits", cards)
    main = [str(root), "--mode", "copy", str(path), "-c", "strictFilters=True"]
    assert ingest_images.main(main) == 1
    told = capsys.readouterr()
    assert message in told.out + told.err
    assert not (root / "raw").exists()


@pytest.mark.real
@pytest.mark.parametrize(
    ("camera", "other", "message"),
    [
        ("suprimecam", "megacam", "INSTRUME is 'MegaPrime', not SuprimeCam"),
        ("megacam", "suprimecam", "INSTRUME is 'SuprimeCam', not MegaPrime"),
        ("sdss", "megacam", "TELESCOP is 'CFHT 3.6m', not 2.5m or SDSS 2.5m (INSTRUME is 'MegaPrime')"),
        ("hsc", "megacam", "INSTRUME is 'MegaPrime', not Hyper Suprime-Cam or HSC"),
        ("latiss", "suprimecam", "INSTRUME is 'SuprimeCam', not LATISS or LSST_ATISS"),
    ],
)  # fmt: skip
def test_a_real_file_of_another_camera_is_refused(
    real: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    camera: str,
    other: str,
    message: str,
) -> None:
    case = HEADERS[other]
    cards = cards_of(real / "camera_headers" / case["header"])
    path = write(tmp_path / case["file"], cards, case.get("extname"))
    assert ingest(make(tmp_path / "repo", camera), path) == 1
    assert f"it is from another camera: {message}" in capsys.readouterr().out


@pytest.mark.real
def test_a_detector_beyond_the_last_is_refused(
    real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = cards_of(real / "camera_headers" / "fitsheader-hsc.yaml") | {"DET-ID": 112}
    assert ingest(make(tmp_path / "repo", "hsc"), write(tmp_path / "raw.fits", cards)) == 1
    assert (
        "DET-ID=112 is not a detector of this camera, which has 0 to 111" in capsys.readouterr().out
    )


@pytest.mark.parametrize(("camera", "name"), [("ts3", "Ts3Mapper"), ("ucd", "UcdMapper")])
def test_a_camera_of_which_no_one_says_how_its_raws_are_ingested_is_read_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], camera: str, name: str
) -> None:
    root = make(tmp_path / "repo", camera)
    path = write(tmp_path / "raw.fits", {"EXPTIME": 1.0})
    assert ingest(root, path) != 0
    told = capsys.readouterr().err
    assert f"{name} is for reading only: its file " in told
    assert str(path) not in told
    calib = tmp_path / "calib"
    calib.mkdir()
    assert ingest_calibs.main([str(root), "--calib", str(calib), "--validity", "9", str(path)]) != 0
    assert f"{name} does not define how its calibrations are ingested" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cards", "exposure", "visit"),
    [
        ({"OBSID": "AT_O_20200128_000379"}, 2020012800379, None),
        ({"OBSID": "AT_C_20180920_000065"}, 3018092000065, None),
        ({"OBSID": "AT_O_20200128_000379", "GROUPID": "2020-01-28T23:59:59.5#2"}, 2020012800379, 1599523195000002),
        ({"OBSID": "x", "DAYOBS": "2019-03-22", "SEQNUM": 7, "CONTRLLR": "S"}, 6019032200007, None),
        ({"DAYOBS": "20190322", "SEQNUM": 7, "GROUPID": "17"}, 3019032200007, 17),
    ],
)  # fmt: skip
def test_exposures_and_visits_of_rubin_are_numbered(
    cards: dict[str, Any], exposure: int, visit: int | None
) -> None:
    assert rubin.exposure(cards) == exposure
    if "GROUPID" in cards and "#" in cards["GROUPID"]:
        seconds = (datetime.datetime(2020, 1, 28, 23, 59, 59) - datetime.datetime(2015, 1, 1)).total_seconds()  # fmt: skip
        visit = int(f"{int(seconds)}5000002")
    assert rubin.visit(cards) == (exposure if visit is None else visit)


def test_groups_of_rubin_of_other_names_have_other_numbers() -> None:
    names = ["a", "b", "aa", "night one", "2020"]
    numbers = {rubin.visit({"GROUPID": name}) for name in names}
    assert len(numbers) == len(names)
    assert all(0 < number < 2**63 for number in numbers)
