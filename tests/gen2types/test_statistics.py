"""Statistics of images, against numpy and formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lsst.afw.image as afwImage
import lsst.afw.math as afwMath
from persistence.gen2types.exceptions import InvalidParameterError, LengthError

PIXELS = np.random.default_rng(17).normal(100.0, 5.0, (40, 30))
PIXELS[3, 4], PIXELS[10, 20] = 5000.0, -3000.0
QUARTILES = np.percentile(PIXELS, (25, 50, 75))


def clipped(pixels: Any, times: int = 3, sigmas: float = 3.0) -> Any:
    """Return what remains after clipping, written after afw's documentation."""
    low, middle, high = np.percentile(pixels, (25, 50, 75))
    # Source: afw's StatisticsControl: the quartiles first, then the sample's deviation.
    centre, width = middle, sigmas * 0.741301109252802 * (high - low)
    for _ in range(times):
        kept = pixels[np.abs(pixels - centre) <= width]
        centre, width = kept.mean(), sigmas * kept.std(ddof=1)
    return kept


KEPT = clipped(PIXELS)
N = PIXELS.size
VALUES = {
    "NPOINT": (N, 0.0),
    "MEAN": (PIXELS.mean(), PIXELS.std(ddof=1) / math.sqrt(N)),
    "STDEV": (PIXELS.std(ddof=1), None),
    "VARIANCE": (PIXELS.var(ddof=1), math.sqrt(2 * (N - 1) * PIXELS.var(ddof=1) ** 2 / N**2)),
    "MEDIAN": (QUARTILES[1], math.sqrt(math.pi / 2 * PIXELS.var(ddof=1) / N)),
    "IQRANGE": (QUARTILES[2] - QUARTILES[0], math.nan),
    "MEANCLIP": (KEPT.mean(), KEPT.std(ddof=1) / math.sqrt(KEPT.size)),
    "STDEVCLIP": (KEPT.std(ddof=1), None),
    "VARIANCECLIP": (KEPT.var(ddof=1), None),
    "MIN": (-3000.0, math.nan),
    "MAX": (5000.0, math.nan),
    "SUM": (PIXELS.sum(), math.nan),
    "MEANSQUARE": (np.square(PIXELS).mean(), None),
    "NCLIPPED": (N - KEPT.size, math.nan),
    "NMASKED": (0, math.nan),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("kind", ["image", "array", "list"])
def test_a_statistic_is_numpys(name: str, kind: str) -> None:
    data: Any = {
        "image": lambda: afwImage.ImageD(PIXELS), "array": lambda: PIXELS,
        "list": lambda: PIXELS.ravel().tolist(),
    }[kind]()  # fmt: skip
    prop = getattr(afwMath, name)
    value, error = VALUES[name]
    assert afwMath.makeStatistics(data, prop).getValue() == pytest.approx(value, rel=1e-9)
    result = afwMath.makeStatistics(data, prop | afwMath.ERRORS).getResult()
    assert result[0] == pytest.approx(value, rel=1e-9)
    assert error is None or result[1] == pytest.approx(error, rel=1e-9, nan_ok=True)
    assert afwMath.stringToStatisticsProperty(name) == prop


def test_afws_numbers_of_statistics() -> None:
    """Source: afw's Statistics.h."""
    names = "NOTHING ERRORS NPOINT MEAN STDEV VARIANCE MEDIAN IQRANGE MEANCLIP STDEVCLIP".split()
    names += "VARIANCECLIP MIN MAX SUM MEANSQUARE ORMASK NCLIPPED NMASKED".split()
    numbers = [0, *(1 << bit for bit in range(17))]
    assert [int(getattr(afwMath, name)) for name in names] == numbers


def test_several_statistics_are_named() -> None:
    stats = afwMath.makeStatistics(afwImage.ImageD(PIXELS), afwMath.MEAN | afwMath.STDEV)
    assert stats.getValue(afwMath.MEAN) == pytest.approx(PIXELS.mean())
    assert stats.getResult(afwMath.STDEV)[0] == pytest.approx(PIXELS.std(ddof=1))
    assert math.isnan(stats.getError(afwMath.MEAN))  # ERRORS was not asked for
    with pytest.raises(InvalidParameterError, match="name the one"):
        stats.getValue()
    with pytest.raises(InvalidParameterError, match="MEDIAN"):
        stats.getValue(afwMath.MEDIAN)
    with pytest.raises(InvalidParameterError):
        afwMath.makeStatistics(afwImage.ImageF(0, 0), afwMath.MEAN)


def masked() -> Any:
    image = afwImage.MaskedImageF(4, 2)
    image.image.array[:] = [[1, 2, 3, 4], [5, 6, np.nan, 1000]]
    image.mask.array[1, 3] = afwImage.Mask.getPlaneBitMask("BAD")
    image.mask.array[0, 0] = afwImage.Mask.getPlaneBitMask("CR")
    image.variance.array[:] = [[1, 1, 2, 2], [4, 4, 1, 1]]
    return image


@pytest.mark.parametrize("mask", ["in", "beside"])
def test_pixels_that_are_flagged_or_not_finite_are_left_out(mask: str) -> None:
    control = afwMath.StatisticsControl()
    control.setAndMask(afwImage.Mask.getPlaneBitMask(["BAD", "SAT"]))
    image = masked()
    words = (image,) if mask == "in" else (image.image, image.mask)
    flags = afwMath.MEAN | afwMath.NPOINT | afwMath.NMASKED | afwMath.ORMASK
    stats = afwMath.makeStatistics(*words, flags, control)
    assert stats.getValue(afwMath.MEAN) == 3.5
    assert stats.getValue(afwMath.NPOINT) == 6
    assert stats.getValue(afwMath.NMASKED) == 1
    assert stats.getOrMask() == afwImage.Mask.getPlaneBitMask("CR")


def test_pixels_are_weighted_by_their_variance() -> None:
    control = afwMath.StatisticsControl()
    control.setAndMask(afwImage.Mask.getPlaneBitMask("BAD"))
    control.setWeighted(True)
    value = afwMath.makeStatistics(masked(), afwMath.MEAN, control).getValue()
    assert value == pytest.approx(
        np.average([1, 2, 3, 4, 5, 6], weights=1 / np.array([1, 1, 2, 2, 4, 4]))
    )


def test_the_quartiles_clip_first() -> None:
    """Source: afw's factor between quartiles and the standard deviation of normal noise."""
    control = afwMath.StatisticsControl(2.5, 1)
    kept = clipped(PIXELS, 1, 2.5)
    stats = afwMath.makeStatistics(PIXELS, afwMath.MEANCLIP | afwMath.NCLIPPED, control)
    assert stats.getValue(afwMath.NCLIPPED) == PIXELS.size - kept.size
    assert stats.getValue(afwMath.MEANCLIP) == pytest.approx(kept.mean(), rel=1e-12)


def test_nothing_good_gives_nan() -> None:
    image = afwImage.ImageF(2, 2, np.nan)
    for name in ("MEAN", "MEDIAN", "MEANCLIP", "MIN", "SUM"):
        assert math.isnan(afwMath.makeStatistics(image, getattr(afwMath, name)).getValue())


def test_the_sum_of_a_mask_joins_its_flags() -> None:
    mask = afwImage.Mask(2, 2)
    mask.array[:] = [[1, 4], [4, 0]]
    stats = afwMath.makeStatistics(mask, afwMath.SUM | afwMath.NPOINT)
    assert (stats.getValue(afwMath.SUM), stats.getValue(afwMath.NPOINT)) == (5, 4)


def test_the_control_keeps_its_settings() -> None:
    control = afwMath.StatisticsControl(5.0, 2, 3, False)
    assert (control.getNumSigmaClip(), control.getNumIter(), control.getAndMask()) == (5.0, 2, 3)
    assert not control.getNanSafe()
    kept = clipped(PIXELS, 2, 5.0)
    value = afwMath.makeStatistics(PIXELS, afwMath.MEANCLIP, control).getValue()
    assert value == pytest.approx(kept.mean())
    with pytest.raises(InvalidParameterError):
        afwMath.StatisticsControl(-1.0)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("MEAN", np.mean), ("MEDIAN", np.median), ("MIN", np.min), ("MAX", np.max), ("SUM", np.sum),
        ("STDEV", lambda stack, axis: np.std(stack, axis=axis, ddof=1)),
    ],
)  # fmt: skip
def test_a_stack_is_numpys(name: str, function: Any) -> None:
    stack = np.random.default_rng(3).normal(0, 1, (5, 4, 3)).astype(np.float32)
    images = [afwImage.ImageF(plane) for plane in stack]
    images[0].setXY0(2, 3)
    result = afwMath.statisticsStack(images, getattr(afwMath, name))
    assert type(result) is afwImage.ImageF
    np.testing.assert_allclose(result.array, function(stack, axis=0), rtol=1e-5)
    assert tuple(result.getXY0()) == (2, 3)


def test_a_stack_of_masked_images_leaves_flagged_pixels_out() -> None:
    images = [afwImage.MaskedImageF(2, 1) for _ in range(3)]
    for number, image in enumerate(images):
        image.set(float(number + 1), 0, 1.0)
    images[2].mask[0, 0] = afwImage.Mask.getPlaneBitMask("SAT")
    images[1].mask[0, 0] = afwImage.Mask.getPlaneBitMask("CR")
    for image in images:
        image.mask[1, 0] = afwImage.Mask.getPlaneBitMask("SAT")
    control = afwMath.StatisticsControl()
    control.setAndMask(afwImage.Mask.getPlaneBitMask("SAT"))
    control.setNoGoodPixelsMask(afwImage.Mask.getPlaneBitMask("NO_DATA"))
    control.setCalcErrorFromInputVariance(True)
    result = afwMath.statisticsStack(images, afwMath.MEAN, control)
    assert result[0, 0] == (1.5, afwImage.Mask.getPlaneBitMask("CR"), pytest.approx(0.5))
    assert math.isnan(result.image[1, 0])
    assert result.mask[1, 0] == afwImage.Mask.getPlaneBitMask("NO_DATA")
    weighted = afwMath.statisticsStack(images, afwMath.MEAN, control, [1.0, 3.0, 5.0])
    assert weighted.image[0, 0] == pytest.approx(1.75)
    with pytest.raises(LengthError):
        afwMath.statisticsStack([images[0], afwImage.MaskedImageF(3, 3)], afwMath.MEAN)
    with pytest.raises(InvalidParameterError):
        afwMath.statisticsStack([], afwMath.MEAN)
