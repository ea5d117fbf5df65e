"""PSFs: against the formulas of Gaussians, and an independent integration of sampled images."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persistence.gen2types import unwrap, wrap
from persistence.gen2types.box import Box2I
from persistence.gen2types.coordinates import Extent2I, Point2D, Point2I
from persistence.gen2types.images.image import ImageD
from persistence.gen2types.psf.kernel import FixedKernel
from persistence.gen2types.psf.kinds import (
    CoaddPsf,
    DoubleGaussianPsf,
    GaussianPsf,
    KernelPsf,
    SingleGaussianPsf,
)
from persistence.gen2types.psf.psf import Psf
from persistence.gen2types.wcsmake import makeSkyWcs
from persistence.types.pixels.box import Box
from persistence.types.psf.coaddpsf import CoaddInput
from persistence.types.psf.coaddpsf import CoaddPsf as OurCoaddPsf
from persistence.types.psf.kernels import AnalyticKernel
from persistence.types.psf.psf import KernelPsf as OurKernelPsf
from persistence.types.wcs.storedwcs import from_header

SIGMA = 2.0
PSF = GaussianPsf(25, 25, SIGMA)
CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 51.0, "CRPIX2": 51.0, "CRVAL1": 10.0,
    "CRVAL2": 20.0, "CD1_1": -5e-5, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 5e-5,
}  # fmt: skip


@pytest.mark.parametrize(
    "psf",
    [PSF, GaussianPsf(Extent2I(25, 25), SIGMA), SingleGaussianPsf(25, 25, SIGMA),
     DoubleGaussianPsf(25, 25, SIGMA, 5.0, 0.0)],
)  # fmt: skip
def test_a_gaussian_has_the_shape_of_its_sigma(psf: Any) -> None:
    shape = psf.computeShape()
    assert shape.getDeterminantRadius() == pytest.approx(SIGMA, rel=1e-6)
    assert (shape.getIxx(), shape.getIyy()) == pytest.approx((SIGMA**2, SIGMA**2), rel=1e-6)
    assert shape.getIxy() == pytest.approx(0, abs=1e-9)


def test_an_elongated_psf_has_two_moments() -> None:
    """Adaptive moments of an elliptical Gaussian are its own."""
    x, y = np.meshgrid(np.arange(-20, 21), np.arange(-20, 21))
    image = ImageD(41, 41)
    inverse = np.linalg.inv([[9.0, 2.0], [2.0, 4.0]])
    image.array[:] = np.exp(
        -(inverse[0, 0] * x**2 + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y**2) / 2
    )
    shape = KernelPsf(FixedKernel(image)).computeShape()
    assert (shape.getIxx(), shape.getIyy(), shape.getIxy()) == pytest.approx((9, 4, 2), rel=1e-5)


def test_images_lie_where_the_position_is() -> None:
    kernel = PSF.computeKernelImage()
    assert isinstance(kernel, ImageD)
    assert kernel.array.sum() == pytest.approx(1, rel=1e-12)
    assert tuple(kernel.getXY0()) == (-12, -12)
    assert PSF.computeBBox() == Box2I(Point2I(-12, -12), Extent2I(25, 25))
    image = PSF.computeImage(Point2D(100.3, 50.0))
    assert tuple(image.getXY0()) == (88, 38)
    # the Gaussian itself, moved; the tails of its image are cut
    x, y = np.meshgrid(88 + np.arange(25) - 100.3, 38 + np.arange(25) - 50.0)
    expected = np.exp(-(x**2 + y**2) / (2 * SIGMA**2)) / (2 * np.pi * SIGMA**2)
    assert np.allclose(image.array, expected, rtol=0, atol=1e-4)
    assert PSF.computeImageBBox(Point2D(100.3, 50.0)) == image.getBBox()
    assert PSF.computePeak() == pytest.approx(1 / (2 * np.pi * SIGMA**2), rel=1e-6)
    again = PSF.computeKernelImage()
    again.array[:] = 0
    assert PSF.computePeak() > 0  # callers get a copy


@pytest.mark.parametrize("radius", [1.0, 2.5, 4.0, 8.0])
def test_the_flux_in_an_aperture_is_that_of_the_formula(radius: float) -> None:
    expected = 1 - math.exp(-(radius**2) / (2 * SIGMA**2))
    assert GaussianPsf(41, 41, SIGMA).computeApertureFlux(radius) == pytest.approx(
        expected, abs=2e-5
    )


def test_the_flux_of_a_double_gaussian_is_the_sum_of_two() -> None:
    psf = DoubleGaussianPsf(81, 81, 1.5, 4.0, 0.1)
    weights = np.array([1.5**2, 0.1 * 4.0**2])
    parts = 1 - np.exp(-(5.0**2) / (2 * np.array([1.5, 4.0]) ** 2))
    expected = (weights * parts).sum() / weights.sum()
    assert psf.computeApertureFlux(5.0) == pytest.approx(expected, abs=1e-4)
    assert (psf.getSigma1(), psf.getSigma2(), psf.getB()) == (1.5, 4.0, 0.1)


def test_a_psf_is_a_kernel() -> None:
    kernel = PSF.getLocalKernel()
    assert (kernel.getWidth(), kernel.getHeight(), tuple(kernel.getCtr())) == (25, 25, (12, 12))
    image = ImageD(kernel.getDimensions())
    assert kernel.computeImage(image, True) == 1.0
    assert np.allclose(image.array, PSF.computeKernelImage().array, rtol=1e-12)
    assert kernel.getSum() == pytest.approx(1)
    with pytest.raises(ValueError, match="the image has"):
        kernel.computeImage(ImageD(3, 3), True)
    again = KernelPsf(kernel, Point2D(7.0, 8.0))
    assert again.getAveragePosition() == Point2D(7.0, 8.0)
    assert np.allclose(again.computeKernelImage().array, PSF.computeKernelImage().array)


def test_a_psf_may_vary_over_the_image() -> None:
    class Width:
        """Sigma as a function of the position."""

        def __call__(self, x: float, y: float) -> float:
            return 1.5 + x / 1000

        def given(self, parameters: Any) -> Any:
            raise NotImplementedError

    from persistence.types.psf.functions import Gaussian

    class Angle(Width):
        def __call__(self, x: float, y: float) -> float:
            return 0.0

    kernel = AnalyticKernel(
        Box(-15, -15, 31, 31), Gaussian(1.5, 1.5, 0.0), (Width(), Width(), Angle())
    )
    psf = wrap(OurKernelPsf(kernel, (500.0, 0.0)))
    assert isinstance(psf, KernelPsf)
    for place, sigma in ((Point2D(0.0, 0.0), 1.5), (Point2D(1000.0, 0.0), 2.5), (None, 2.0)):
        radius = psf.computeShape(place).getDeterminantRadius()
        assert radius == pytest.approx(sigma, rel=1e-5)


def coadd_psf() -> CoaddPsf:
    wcs = from_header(makeSkyWcs(CARDS).astropy)
    inputs = tuple(
        CoaddInput(Box(0, 0, 60, 100), wcs, unwrap(GaussianPsf(31, 31, sigma)), None, weight,
                   {"id": number})
        for number, (sigma, weight) in enumerate(((2.0, 1.0), (3.0, 3.0)), 7)
    )  # fmt: skip
    made = wrap(OurCoaddPsf(inputs, wcs, "lanczos3", (30.0, 40.0)))
    assert isinstance(made, CoaddPsf)
    return made


def test_a_coadds_psf_is_the_mean_of_its_inputs() -> None:
    psf = coadd_psf()
    found = psf.computeKernelImage(Point2D(30.0, 40.0))
    mean = sum(
        weight * GaussianPsf(31, 31, sigma).computeKernelImage().array
        for sigma, weight in ((2.0, 0.25), (3.0, 0.75))
    )
    own = found[Box2I(Point2I(-15, -15), Extent2I(31, 31))].array
    assert np.allclose(own, mean, rtol=0, atol=1e-6)
    assert psf.getComponentCount() == 2
    assert (psf.getWeight(1), psf.getId(0)) == (3.0, 7)
    assert psf.getPsf(0).getSigma() == 2.0
    assert psf.getBBox(0) == Box2I(Point2I(0, 0), Extent2I(60, 100))
    assert psf.getWcs(0).getPixelOrigin() == psf.getCoaddWcs().getPixelOrigin()
    assert psf.getValidPolygon(0) is None
    with pytest.raises(ValueError, match="none of the 2 inputs"):
        psf.computeImage(Point2D(90.0, 40.0))
    with pytest.raises(ValueError, match="index 2 is out of range"):
        psf.getPsf(2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianPsf(24, 25, 2.0), "has to be odd"),
        (lambda: GaussianPsf(25, 25, 0.0), "has to be positive"),
        (lambda: DoubleGaussianPsf(25, 24, 1.0), "has to be odd"),
    ],
)
def test_what_is_no_psf_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_it_is_a_face() -> None:
    assert (PSF.getSigma(), PSF.getDimensions()) == (SIGMA, Extent2I(25, 25))
    assert isinstance(wrap(unwrap(PSF)), GaussianPsf)
    assert pickle.loads(pickle.dumps(PSF)) == PSF == copy.copy(PSF) == PSF.clone()
    assert PSF.resized(31, 31).getDimensions() == Extent2I(31, 31)
    assert PSF.getAveragePosition() == Point2D(0.0, 0.0)


@pytest.mark.real
def test_the_psf_of_a_real_exposure_has_a_face(real: Path) -> None:
    from persistence.dataids.location import Location
    from persistence.formatters import fits

    path = str(real / "gen2_repos/obs_test/calexpMetadataObjectsTest/example-calexp.fits.gz")
    location = Location(
        "/", path, None, "FitsStorage", "lsst.afw.image.ExposureF", "calexp", {}, {}
    )
    exposure = fits.read(location)
    psf = wrap(exposure.psf)
    assert isinstance(psf, Psf)
    place = Point2D(*map(float, psf.getAveragePosition()))
    assert psf.computeShape(place).getDeterminantRadius() == pytest.approx(
        exposure.psf.width(place.getX(), place.getY())
    )
    # an independent integration: the image, sampled ten times finer with Fourier's series
    kernel = psf.computeKernelImage(place).array
    side = kernel.shape[0]
    spectrum = np.fft.fft2(np.pad(kernel, 20))
    width = spectrum.shape[0]
    frequencies = np.fft.fftfreq(width)
    steps = (np.arange(10 * width) / 10) - 20
    turn = np.exp(2j * np.pi * np.outer(steps + 20, frequencies))
    fine = (turn @ spectrum @ turn.T).real / width**2
    x, y = np.meshgrid(steps - side // 2, steps - side // 2)
    expected = fine[np.hypot(x, y) < 5].sum() / 100
    assert psf.computeApertureFlux(5.0, place) == pytest.approx(expected, abs=3e-3)


def test_meas_algorithms_has_these_and_no_others() -> None:
    from lsst.meas import algorithms
    from persistence.errors import NotPartOfThisPackage

    assert algorithms.CoaddPsf is CoaddPsf
    assert algorithms.SingleGaussianPsf(25, 25, 2.0).getSigma() == 2.0
    with pytest.raises(NotPartOfThisPackage, match=r"lsst.meas.algorithms.SourceDetectionTask"):
        algorithms.SourceDetectionTask()
