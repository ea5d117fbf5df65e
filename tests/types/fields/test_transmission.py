"""Transmission curves, at wavelengths with and without units, and at positions."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units

from persistence.errors import FormatterError

WAVELENGTHS = np.array([4000.0, 5000.0, 7000.0])
ENDS = {"throughputAtMin": [0.125], "throughputAtMax": [0.25]}
CONSTANT = {"wavelengths": [WAVELENGTHS], "throughput": [np.array([0.5, 1.0, 0.0])], **ENDS}
# By wavelength, then radius, which goes on fastest.
RADIAL = {
    "wavelengths": [WAVELENGTHS[:2]], "radii": [np.array([0.0, 10.0, 30.0])],
    "throughput": [np.array([0.5, 0.4, 0.2, 1.0, 0.8, 0.0])], **ENDS,
}  # fmt: skip
SHIFT = "1 TransformPoint2ToPoint2 Begin ShiftMap\nNin = 2\nSft1 = 100\nEnd ShiftMap"
OBJECTS = {
    1: ("SpatiallyConstantTransmissionCurve", [CONSTANT]),
    2: ("RadialTransmissionCurve", [RADIAL]),
    3: ("ProductTransmissionCurve", [{"a": [1], "b": [2]}]),
    4: ("TransformedTransmissionCurve", [{"nested": [2], "transform": [5]}]),
    5: ("TransformPoint2ToPoint2", [{"bytes": [np.frombuffer(SHIFT.encode(), np.uint8)]}]),
    6: ("IdentityTransmissionCurve", []),
}


@pytest.mark.parametrize(
    ("number", "wavelength", "position", "wanted"),
    [
        (1, 4000, (0, 0), 0.5),
        (1, 4500, (7, 9), 0.75),
        (1, 6000, (0, 0), 0.5),
        (1, 7000, (0, 0), 0.0),
        (1, 3999, (0, 0), 0.125),
        (1, 7001, (0, 0), 0.25),
        (2, 4000, (0, 0), 0.5),
        (2, 4000, (3, 4), 0.45),
        (2, 4000, (12, 16), 0.3),
        (2, 4500, (0, 10), 0.6),
        (2, 4500, (-20, 0), 0.35),
        (2, 5000, (300, 400), 0.0),
        (2, 9000, (3, 4), 0.25),
        (3, 4500, (0, 10), 0.75 * 0.6),
        (4, 4500, (100, 10), 0.6),
        (4, 4500, (110, 0), 0.6),
        (6, 4500, (100, 10), 1.0),
    ],
)
def test_light_gets_through_as_the_tables_say(archive, number, wavelength, position, wanted):
    curve = archive(OBJECTS)(number)
    assert curve(wavelength, *position) == pytest.approx(wanted)
    assert curve(wavelength / 10 * units.nm, *position) == pytest.approx(wanted)
    assert curve.sampleAt(position, np.full((2, 3), wavelength)) == pytest.approx(
        np.full((2, 3), wanted)
    )


def test_a_unit_that_is_none_of_length_is_refused(archive):
    with pytest.raises(units.UnitConversionError):
        archive(OBJECTS)(1)(3 * units.Jy)


@pytest.mark.parametrize(
    "change",
    [
        {"wavelengths": [WAVELENGTHS[::-1]]},
        {"wavelengths": [[]], "throughput": [[]]},
        {"wavelengths": [[1, 1, 2]]},
    ],
)
def test_wavelengths_that_do_not_rise_are_refused(archive, change):
    with pytest.raises(FormatterError, match="do not increase"):
        archive({1: ("SpatiallyConstantTransmissionCurve", [{**CONSTANT, **change}])})(1)


WCS = {
    "crval_x": [30.0], "crval_y": [40.0], "crpix_x": [50.0], "crpix_y": [60.0], "cd": [[5e-5, 0, 0, 5e-5]],
    "ctype1": ["RA---TAN"], "ctype2": ["DEC--TAN"], "equinox": [2000.0], "radesys": ["ICRS"],
    "cunit1": ["deg"], "cunit2": ["deg"],
}  # fmt: skip


def test_a_coadd_has_the_weighted_mean_of_what_covers_a_position(archive):
    head = {"coaddWcs": [8], "wavelengthMin": [4000.0], "wavelengthMax": [5000.0], **ENDS}
    rows = {
        "transmission": [2, 6], "sensorWcs": [9, 8], "validPolygon": [0, 0], "weight": [1.0, 3.0],
        "bbox_min_x": [0, 50], "bbox_min_y": [0, 0], "bbox_max_x": [99, 99], "bbox_max_y": [99, 99],
    }  # fmt: skip
    moved = {**WCS, "crpix_x": [40.0]}  # the sensor's first column is the coadd's tenth
    objects = {
        7: ("CoaddTransmissionCurve", [head, rows]),
        8: ("TanWcs", [WCS]),
        9: ("TanWcs", [moved]),
    }
    curve = archive({**OBJECTS, **objects})(7)
    assert curve(4500.0, 20.0, 0.0) == pytest.approx(0.6)  # the first alone, at its column 10
    # at its column 50, beyond its radii
    assert curve(4500.0, 60.0, 0.0) == pytest.approx((1.0 * 0.1 + 3.0) / 4)
    assert curve([3000.0, 4500.0, 5001.0], 105.0, 0.0) == pytest.approx([0.125, 0.1, 0.25])
    with pytest.raises(FormatterError, match=r"none of the 2 inputs .* x=5.0"):
        curve(4500.0, 5.0, 0.0)
