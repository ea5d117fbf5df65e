"""PSFs of coadds: those of the inputs, turned, stretched, weighted; and where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from persistence.errors import FormatterError
from persistence.types.pixels.box import Box
from persistence.types.psf.coaddpsf import CoaddInput, CoaddPsf
from persistence.types.psf.kernels import FixedKernel
from persistence.types.psf.psf import GaussianPsf, KernelPsf
from persistence.types.wcs import storedwcs


def tan(scale=0.2, angle=0.0, crpix=(0.0, 0.0), flip=1):
    """Return a WCS about one point of the sky, of a pixel scale in arcsec, turned (deg), 0-based reference pixel."""
    wcs, turn = WCS(naxis=2), np.radians(angle)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], (30, 40)
    wcs.wcs.crpix = np.array(crpix) + 1
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag(
        [flip, 1]
    )
    wcs.wcs.cd = matrix * scale / 3600
    return storedwcs.from_header(wcs)


def given(wcs, psf, weight=1.0, box=None, polygon=None):
    return CoaddInput(box or Box(0, 0, 200, 200), wcs, psf, polygon, weight, {})


def coadd(*inputs, warping="lanczos3"):
    return CoaddPsf(inputs, tan(crpix=(50, 60)), warping, (50.0, 60.0))


def test_an_input_in_the_coadds_own_pixels_is_as_it_was():
    psf = GaussianPsf((21, 21), 2.0)
    found = coadd(given(tan(crpix=(50, 60)), psf)).kernel_image(70, 80)
    assert found.bbox.contains(Box(-10, -10, 21, 21))
    inside = Box(-10, -10, 21, 21).shifted(-found.bbox.x0, -found.bbox.y0).slices
    np.testing.assert_allclose(found.array[inside], psf.kernel_image().array, atol=1e-6)


@pytest.mark.parametrize(("scale", "width"), [(0.2, 2.5), (0.1, 1.25), (0.3, 3.75)])
def test_an_input_of_another_scale_is_stretched(scale, width):
    found = coadd(given(tan(scale, 30, (100, 100)), GaussianPsf((41, 41), 2.5)))
    assert found.width(50, 60) == pytest.approx(width, rel=5e-3)
    assert found.kernel_image(50, 60).array.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("angle", "flip", "bright"),
    [(0, 1, (1, 0)), (90, 1, (0, 1)), (180, 1, (-1, 0)), (-90, 1, (0, -1)), (0, -1, (-1, 0))],
)
def test_an_input_is_turned_as_the_sky_is(angle, flip, bright):
    # A PSF whose light is at the pixel right of its centre. On the sky that is along the first
    # column of the matrix.
    pixels = np.zeros((3, 3))
    pixels[1, 2] = 1
    psf = KernelPsf(FixedKernel(Box(-1, -1, 3, 3), pixels), (0.0, 0.0))
    found = coadd(given(tan(0.2, angle, (100, 100), flip), psf)).kernel_image(50, 60)
    row, column = np.unravel_index(np.argmax(found.array), found.array.shape)
    assert (column + found.bbox.x0, row + found.bbox.y0) == bright


def test_inputs_count_by_their_weights_on_all_their_pixels():
    wcs, small, large = tan(crpix=(50, 60)), GaussianPsf((5, 5), 1.0), GaussianPsf((9, 9), 3.0)
    one, other = (coadd(given(wcs, psf)).kernel_image() for psf in (small, large))
    both = coadd(given(wcs, small, 3.0), given(wcs, large, 1.0)).kernel_image()
    assert both.bbox == other.bbox
    wanted = other.array / 4
    wanted[one.bbox.shifted(-other.bbox.x0, -other.bbox.y0).slices] += one.array * 3 / 4
    np.testing.assert_allclose(both.array, wanted, atol=1e-12)


class Left:
    """What is left of column 100."""

    def contains(self, x, y):
        return x < 100


def test_only_inputs_that_cover_the_position_count():
    wcs = tan(crpix=(50, 60))
    small, large = GaussianPsf((11, 11), 1.0), GaussianPsf((41, 41), 3.0)
    psf = coadd(
        given(wcs, small, box=Box(0, 0, 150, 200), polygon=Left()),
        given(wcs, large, box=Box(90, 0, 60, 200)),
    )
    assert [len(psf.inputs_at(x, 20)) for x in (-0.6, -0.4, 95, 120, 149.4, 149.6)] == [
        0,
        1,
        2,
        1,
        1,
        0,
    ]
    assert psf.width(40, 20) == pytest.approx(1, abs=5e-3)
    assert psf.width(120, 20) == pytest.approx(3, abs=1e-2)
    with pytest.raises(FormatterError, match=r"none of the 2 inputs .* covers x=160.0, y=20.0"):
        psf.kernel_image(160, 20)


def test_an_input_whose_psf_is_not_known_is_told():
    with pytest.raises(FormatterError, match="no known PSF: a thing"):
        coadd(given(tan(crpix=(50, 60)), "a thing")).kernel_image()


def test_it_is_made_of_its_tables(archive):
    gaussian = {"dimensions_x": [11], "dimensions_y": [11], "sigma": [1.5]}
    old = {
        "crval_x": [30.0], "crval_y": [40.0], "crpix_x": [50.0], "crpix_y": [60.0], "cd": [[5e-5, 0, 0, 5e-5]],
        "ctype1": ["RA---TAN"], "ctype2": ["DEC--TAN"], "equinox": [2000.0], "radesys": ["ICRS"],
        "cunit1": ["deg"], "cunit2": ["deg"],
    }  # fmt: skip
    head = {
        "coaddwcs": [2],
        "cachesize": [10000],
        "avgpos_x": [55.0],
        "avgpos_y": [66.0],
        "warpingkernelname": ["lanczos3 "],
    }
    records = {
        "id": [7, 8], "bbox_min_x": [0, 10], "bbox_min_y": [0, 0], "bbox_max_x": [99, 99], "bbox_max_y": [99, 99],
        "wcs": [2, 2], "psf": [3, 3], "validPolygon": [0, 0], "weight": [1.0, 2.0], "visit": [100, 101],
    }  # fmt: skip
    psf = archive(
        {1: ("CoaddPsf", [head, records]), 2: ("TanWcs", [old]), 3: ("GaussianPsf", [gaussian])}
    )(1)
    assert psf.average_position == (55, 66)
    assert [
        (one.bbox.x0, one.weight, one.record["visit"], one.record["id"]) for one in psf.inputs
    ] == [
        (0, 1.0, 100, 7),
        (10, 2.0, 101, 8),
    ]
    assert psf.width() == pytest.approx(1.5, abs=1e-4)
