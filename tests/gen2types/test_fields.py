"""Fields over an image: aperture corrections, transmission curves, and the inputs of coadds."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebval2d

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.apcorr import ApCorrMap
from persistence.gen2types.boundedfield import (
    BoundedField,
    ChebyshevBoundedField,
    ProductBoundedField,
)
from persistence.gen2types.box import Box2I
from persistence.gen2types.coaddinputs import CoaddInputs
from persistence.gen2types.coordinates import Extent2D, Extent2I, Point2D, Point2I
from persistence.gen2types.images.image import ImageD
from persistence.gen2types.mappings import makeTransform
from persistence.gen2types.table.exposures import ExposureCatalog
from persistence.gen2types.transforms import AffineTransform
from persistence.gen2types.transmission import TransmissionCurve
from persistence.gen2types.wcs import SkyWcs
from persistence.gen2types.wcsmake import makeSkyWcs
from persistence.types.exposure.coaddinputs import make
from persistence.types.fields.skyfields import PixelAreaField
from persistence.types.pixels.box import Box

BOX = Box2I(Point2I(10, 20), Extent2I(100, 40))
COEFFICIENTS = np.array([[2.0, 0.5, -0.1], [0.3, 0.0, 0.2]])
FIELD = ChebyshevBoundedField(BOX, COEFFICIENTS)


def expected(x: Any, y: Any) -> Any:
    """Return numpy's own evaluation, over the box from edge to edge."""
    u, v = (np.asarray(x) - 59.5) / 50, (np.asarray(y) - 39.5) / 20
    return chebval2d(u, v, COEFFICIENTS.T)


def test_a_field_has_the_value_of_its_polynomials() -> None:
    assert FIELD.evaluate(30.0, 25.0) == pytest.approx(float(expected(30.0, 25.0)))
    assert FIELD.evaluate(Point2D(30.0, 25.0)) == FIELD.evaluate(30.0, 25.0)
    assert isinstance(FIELD.evaluate(30.0, 25.0), float)
    x, y = np.array([10.0, 60.0]), np.array([20.0, 59.0])
    assert np.allclose(FIELD.evaluate(x, y), expected(x, y))
    assert FIELD.getBBox() == BOX
    assert FIELD.getCoefficients().tolist() == COEFFICIENTS.tolist()


def test_the_mean_is_that_of_the_pixels() -> None:
    x, y = np.meshgrid(np.linspace(9.5, 109.5, 2001), np.linspace(19.5, 59.5, 801))
    assert FIELD.mean() == pytest.approx(expected(x, y).mean(), abs=1e-3)
    assert FIELD.integrate() == pytest.approx(FIELD.mean() * 4000)
    product = ProductBoundedField([FIELD, FIELD])
    columns, rows = BOX.grid()
    assert product.mean() == pytest.approx((expected(columns, rows) ** 2).mean(), rel=1e-12)
    assert product.evaluate(30.0, 25.0) == pytest.approx(float(expected(30.0, 25.0)) ** 2)
    assert product.getFactors()[0] == FIELD
    assert (FIELD * 2).evaluate(30.0, 25.0) == (2 * FIELD).evaluate(30.0, 25.0)
    assert (FIELD / 2).evaluate(30.0, 25.0) == pytest.approx(FIELD.evaluate(30.0, 25.0) / 2)


def test_a_field_is_applied_to_an_image() -> None:
    columns, rows = BOX.grid()
    image = ImageD(BOX)
    FIELD.fillImage(image)
    assert np.allclose(image.array, expected(columns, rows))
    FIELD.multiplyImage(image)
    FIELD.divideImage(image)
    FIELD.addToImage(image, 2.0)
    assert np.allclose(image.array, 3 * expected(columns, rows))


def test_fields_without_a_class_of_their_own_are_evaluated_too() -> None:
    wcs = makeSkyWcs(Point2D(0, 0), _sky(10, 20), np.diag([-1e-4, 1e-4]))
    field = wrap(PixelAreaField(Box(0, 0, 10, 10), wcs.astropy, 1.0))
    assert type(field) is BoundedField
    assert field.evaluate(0.0, 0.0) == pytest.approx(np.radians(1e-4) ** 2, rel=1e-6)
    with pytest.raises(TypeError, match="abstract class"):
        BoundedField()


def _sky(ra: float, dec: float) -> Any:
    from persistence.gen2types.angle import degrees
    from persistence.gen2types.spherepoint import SpherePoint

    return SpherePoint(ra, dec, degrees)


# -- aperture corrections


def test_aperture_corrections_are_found_by_the_name_of_a_flux() -> None:
    corrections = ApCorrMap()
    corrections.set("base_PsfFlux_instFlux", FIELD)
    corrections["a_instFlux"] = FIELD * 2
    assert list(corrections) == corrections.keys() == ["a_instFlux", "base_PsfFlux_instFlux"]
    assert corrections["base_PsfFlux_instFlux"] == FIELD
    assert corrections.get("nothing") is None
    assert ("a_instFlux" in corrections, len(corrections)) == (True, 2)
    assert dict(corrections.items())["a_instFlux"].evaluate(30, 25) == 2 * FIELD.evaluate(30, 25)
    corrections *= 3.0
    assert corrections.values()[1].evaluate(30, 25) == pytest.approx(3 * FIELD.evaluate(30, 25))
    with pytest.raises(KeyError, match="did you mean 'a_instFlux'"):
        corrections["a_instFlx"]
    again = wrap(unwrap(corrections))
    assert again.keys() == corrections.keys()


@pytest.mark.real
def test_a_real_exposure_has_its_aperture_corrections(real: Path) -> None:
    from persistence.dataids.location import Location
    from persistence.formatters import fits

    path = str(real / "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz")
    location = Location(
        "/", path, None, "FitsStorage", "lsst.afw.image.ExposureF", "calexp", {}, {}
    )
    exposure = fits.read(location)
    corrections = wrap(exposure.ap_corr_map)
    assert isinstance(corrections, ApCorrMap)
    (name,) = (key for key in corrections if key.startswith("base_PsfFlux_") and "Err" not in key
               and "Sigma" not in key)  # fmt: skip
    value = corrections[name].evaluate(100.0, 200.0)
    assert value == pytest.approx(float(exposure.ap_corr_map[name](100.0, 200.0)))
    assert 0.5 < value < 2


# -- transmission curves


def test_curves_are_sampled_between_their_entries() -> None:
    waves = np.array([4000.0, 5000.0, 6000.0])
    curve = TransmissionCurve.makeSpatiallyConstant([0.1, 0.9, 0.3], waves, 0.05, 0.02)
    found = curve.sampleAt(Point2D(3.0, 4.0), np.array([3000.0, 4500.0, 5500.0, 7000.0]))
    assert found.tolist() == pytest.approx([0.05, 0.5, 0.6, 0.02])
    assert curve.getWavelengthBounds() == (4000, 6000)
    assert curve.getThroughputAtBounds() == (0.05, 0.02)
    squared = (curve * curve).sampleAt(Point2D(0, 0), [4500.0])
    assert squared.tolist() == pytest.approx([0.25])
    everything = TransmissionCurve.makeIdentity()
    assert everything.sampleAt(Point2D(0, 0), [1.0, 2.0]).tolist() == [1, 1]
    assert everything.getThroughputAtBounds() == (1, 1)


def test_a_radial_curve_depends_on_the_distance() -> None:
    curve = TransmissionCurve.makeRadial(
        np.array([[0.2, 0.6], [0.4, 0.8]]), [4000.0, 5000.0], [0.0, 10.0]
    )
    assert curve.sampleAt(Point2D(3.0, 4.0), [4500.0]).tolist() == pytest.approx([0.5])
    moved = curve.transformedBy(makeTransform(AffineTransform(Extent2D(100.0, 0.0))))
    assert moved.sampleAt(Point2D(103.0, 4.0), [4500.0]).tolist() == pytest.approx([0.5])
    with pytest.raises(ValueError, match="throughput of shape"):
        TransmissionCurve.makeRadial(np.ones((2, 3)), [4000.0, 5000.0], [0.0, 10.0])
    with pytest.raises(ValueError, match="have to increase"):
        TransmissionCurve.makeSpatiallyConstant([1.0, 1.0], [5000.0, 4000.0])


# -- inputs of coadds

_BOXES = {
    "bbox_min_x": np.array([0, 2]), "bbox_min_y": np.array([0, 3]),
    "bbox_max_x": np.array([9, 9]), "bbox_max_y": np.array([9, 9]),
}  # fmt: skip
VISITS = {"id": np.array([10, 11]), "weight": np.array([0.5, 1.0]), "filter": ["g", "g"], **_BOXES}
CCDS = {
    "id": np.array([1, 2]), "visit": np.array([10, 11]), "ccd": np.array([4, 5], np.int32),
    "weight": np.array([0.5, 1.0]), "wcs": np.array([7, 0]), **_BOXES,
}  # fmt: skip


def test_the_inputs_of_a_coadd_are_catalogs_of_exposures() -> None:
    wcs = makeSkyWcs(Point2D(0, 0), _sky(10, 20), np.diag([-1e-4, 1e-4]))
    inputs = wrap(make([VISITS, CCDS], lambda number: wcs.astropy if number else None))
    assert isinstance(inputs, CoaddInputs)
    assert isinstance(inputs.ccds, ExposureCatalog)
    assert (len(inputs.visits), len(inputs.ccds)) == (2, 2)
    assert inputs.ccds["ccd"].tolist() == [4, 5]
    assert inputs.ccds["visit"].tolist() == [10, 11]
    first, second = inputs.ccds
    assert (first.getId(), first.get("ccd"), first["visit"]) == (1, 4, 10)
    assert isinstance(first.getWcs(), SkyWcs)
    assert second.getWcs() is None
    assert second.getBBox() == Box2I(Point2I(2, 3), Point2I(9, 9))
    assert first.contains(_sky(10, 20.0001))
    assert not first.contains(_sky(10, 20.1))
    assert inputs.visits[0].get("filter") == "g"
    assert copy.copy(inputs).ccds["id"].tolist() == [1, 2]


def test_faces_of_fields_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(FIELD)) == FIELD
    curve = TransmissionCurve.makeSpatiallyConstant([0.1, 0.9], [4000.0, 5000.0])
    again = pickle.loads(pickle.dumps(curve))
    assert again.sampleAt(Point2D(0, 0), [4500.0]).tolist() == pytest.approx([0.5])
