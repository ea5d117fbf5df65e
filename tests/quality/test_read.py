"""Many summaries read at once are what astropy reads of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from persistence import Butler
from persistence.errors import FormatterError
from persistence.quality import read
from persistence.quality.catalogs import calibs_of, catalog, rows_of
from persistence.quality.columns import COLUMNS
from persistence.types.exposure.photocalib import PhotoCalib

POLICY = "exposures: {raw: {template: 'raw/%(visit)d-%(ccd)d.fits'}}\ndetectors: {key: ccd}\n"


def some(visit: int, ccd: int) -> dict[str, Any]:
    return {
        "id": ccd, "visit": visit, "band": "r", "seeing": 1 + ccd / 8, "raCorners": [1, 2, 3, ccd],
        "suspicious": ccd == 2, "reasons": "seeing 2 > 1" if ccd == 2 else "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def butler(tmp_path_factory: pytest.TempPathFactory) -> Butler:
    root = tmp_path_factory.mktemp("quality")
    (root / "camera.yaml").write_text(POLICY)
    (root / "_mapper").write_text("camera.yaml\n")
    made = Butler(str(root))
    for visit in (1, 2):
        rows = [some(visit, ccd) for ccd in range(4)]
        calib = PhotoCalib.from_zero_point(30.0 + visit, 0.01)
        for row in rows:
            made.put(catalog([row], [calib]), "ccdSummary", visit=visit, ccd=row["id"])
        made.put(catalog(rows), "visitSummary", visit=visit)
    return made


def paths(butler: Butler, name: str) -> list[str]:
    return sorted(str(path) for path in Path(butler.chain.inputs[0].root).rglob(f"{name}-*.fits"))


def test_columns_are_those_that_astropy_reads(butler: Butler) -> None:
    files = [*paths(butler, "ccdSummary"), *paths(butler, "visitSummary")]
    assert len(files) == 10
    columns, lengths = read.columns(files)
    assert lengths == [1] * 8 + [4, 4]
    tables = [Table.read(path, hdu=1, unit_parse_strict="silent") for path in files]
    for name in ("id", "visit", "seeing", "band", "reasons"):
        expected = [value for one in tables for value in np.ma.filled(one[name]).tolist()]
        expected = ["" if value == "N/A" else value for value in expected]
        assert columns[name].tolist() == expected, name
    assert np.isnan(columns["zeroPoint"]).all()
    assert columns["raCorners"].tolist() == [
        row for one in tables for row in one["raCorners"].tolist()
    ]
    assert columns["suspicious"].tolist() == [False, False, True, False] * 4


def test_files_of_other_layouts_are_joined(butler: Butler, tmp_path: Path) -> None:
    other = tmp_path / "other.fits"
    rows = {"visit": np.array([7, 8]), "seeing": np.array([1.5, 2.5]), "own": np.array([1.0, 2.0])}
    Table(rows).write(other)
    columns, lengths = read.columns([paths(butler, "ccdSummary")[3], str(other)])
    assert lengths == [1, 2]
    assert columns["visit"].tolist() == [1, 7, 8]
    assert columns["seeing"].tolist() == [1.375, 1.5, 2.5]
    assert columns["band"].tolist() == ["r", "", ""]
    assert np.isnan(columns["own"][0])
    assert columns["suspicious"].tolist() == [False, False, False]
    assert read.columns([]) == ({}, [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"nothing", "is not a FITS file"),
        (fits.PrimaryHDU().header.tostring().encode(), "has no table"),
    ],
)
def test_what_is_no_summary_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.fits"
    path.write_bytes(content)
    with pytest.raises(FormatterError, match=f"x.fits .*{message}"):
        read.columns([str(path)])


def test_a_truncated_summary_is_refused(butler: Butler, tmp_path: Path) -> None:
    good = Path(paths(butler, "ccdSummary")[0])
    path = tmp_path / "cut.fits"
    path.write_bytes(good.read_bytes()[:26000])
    with pytest.raises(FormatterError, match="truncated"):
        read.columns([str(good), str(path)])


def test_a_summary_is_afws_catalog_of_exposures(butler: Butler) -> None:
    table = butler.get("visitSummary", visit=1)
    assert table["seeing"].info.description == COLUMNS["seeing"].doc
    assert str(table["seeing"].unit) == "arcsec"
    single = butler.get("ccdSummary", visit=2, ccd=3)
    (calib,) = calibs_of(single)
    assert calib.zero_point == pytest.approx(32.0)
    assert calibs_of(table) == [None] * 4
    (row,) = rows_of(single)
    assert row | some(2, 3) == row
    with fits.open(paths(butler, "ccdSummary")[0]) as hdus:
        assert hdus[1].header["AFW_TYPE"] == "EXPOSURE"
        assert hdus[1].header["AFW_TABLE_VERSION"] == 3
    import lsst.daf.persistence as gen2

    record = gen2.Butler(str(butler.chain.inputs[0].root))
    found = record.get("ccdSummary", visit=2, ccd=3)[0]
    assert found.getPhotoCalib().getCalibrationMean() == pytest.approx(calib.mean)
    assert (found.getId(), found["band"]) == (3, "r")
