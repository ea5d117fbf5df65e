"""Catalogs of amplifiers, of which camera packages made detectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

import lsst.afw.table as afw_table
import lsst.geom
from persistence.types.exposure import detector

BOX = lsst.geom.Box2I(lsst.geom.Point2I(-1, 1), lsst.geom.Extent2I(5, 6))
VALUES = {
    "Name": "amp 1",
    "Gain": 1.71234e3,
    "ReadNoise": 0.521237e2,
    "Saturation": 65535.0,
    "SuspectLevel": 60000.0,
    "ReadoutCorner": afw_table.UR,
    "LinearityType": "PROPORTIONAL",
    "HasRawInfo": True,
    "RawFlipX": True,
    "RawFlipY": False,
    "RawXYOffset": lsst.geom.Extent2I(10, -20),
    **{
        name: BOX.shiftedBy(lsst.geom.Extent2I(number, 2 * number))
        for number, name in enumerate(
            (
                *("BBox", "RawBBox", "RawDataBBox", "RawHorizontalOverscanBBox"),
                *("RawVerticalOverscanBBox", "RawPrescanBBox"),
            )
        )
    },
}


@pytest.fixture
def catalog() -> Any:
    """Return a catalog of an amplifier."""
    made = afw_table.AmpInfoCatalog(afw_table.AmpInfoTable.makeMinimalSchema())
    record = made.addNew()
    for name, value in VALUES.items():
        getattr(record, f"set{name}")(value)
    record.setLinearityCoeffs([0.0, 65535.0])
    return made


@pytest.mark.parametrize("name", VALUES)
def test_an_amplifier_has_what_it_was_given(catalog: Any, name: str) -> None:
    assert getattr(catalog[0], f"get{name}")() == VALUES[name]


def test_amplifiers_are_written_as_detectors_have_them(catalog: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "amps.fits")
    catalog.writeFits(path)
    with fits.open(path) as hdus:
        assert hdus[1].header["AFW_TYPE"] == "AMPINFO"
        assert hdus[1].data["raw_bbox_extent_y"].tolist() == [6]
        assert hdus[1].data["linearity_coeffs"][0][:2].tolist() == [0.0, 65535.0]
    back = afw_table.AmpInfoCatalog.readFits(path)
    for name, value in VALUES.items():
        assert getattr(back[0], f"get{name}")() == value
    # What reads afw's detectors reads these, too.
    ours = detector.amplifier({name: back.get(name) for name in back.schema.getNames()}, 0)
    assert (ours.name, ours.corner, ours.flip_x) == ("amp 1", "UR", True)
    assert lsst.geom.Box2I.of(ours.prescan) == VALUES["RawPrescanBBox"]
