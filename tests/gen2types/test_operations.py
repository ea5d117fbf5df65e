"""Images binned, turned and mirrored; backgrounds; noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lsst.afw.image as afwImage
import lsst.afw.math as afwMath
from lsst.geom import Box2I, Extent2I, Point2I
from persistence import gen2types
from persistence.types.fields.background import Background as OurBackground
from persistence.types.fields.background import BackgroundList as OurList
from persistence.types.fields.background import Surface
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask as OurMask

RAMP = np.arange(24, dtype=np.float32).reshape(4, 6)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3, 4, -1])
def test_an_image_is_turned_counterclockwise(quarters: int) -> None:
    """The pixel (x, y) goes to (height - 1 - y, x) by each quarter, where y is up."""
    turned = afwMath.rotateImageBy90(afwImage.ImageF(RAMP), quarters)
    for x, y in ((0, 0), (5, 0), (2, 3)):
        size, place = (6, 4), (x, y)
        for _ in range(quarters % 4):
            place = (size[1] - 1 - place[1], place[0])
            size = size[::-1]
        assert turned[place] == RAMP[y, x]
        assert tuple(turned.getDimensions()) == size


def test_an_image_is_mirrored() -> None:
    image = afwImage.ImageF(RAMP)
    np.testing.assert_array_equal(afwMath.flipImage(image, True, False).array, RAMP[:, ::-1])
    np.testing.assert_array_equal(afwMath.flipImage(image, False, True).array, RAMP[::-1])
    mask = afwImage.Mask(2, 1)
    mask.array[0, 0] = 4
    assert afwMath.flipImage(mask, True, False).array.tolist() == [[0, 4]]
    masked = afwImage.MaskedImageF(image)
    assert afwMath.rotateImageBy90(masked, 1).image[3, 0] == RAMP[0, 0]


def test_an_image_is_binned() -> None:
    image = afwImage.ImageF(RAMP)
    binned = afwMath.binImage(image, 2)
    np.testing.assert_allclose(binned.array, [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    assert afwMath.binImage(image, 4, 3).array.shape == (1, 1)
    assert afwMath.binImage(image, 4, 3)[0, 0] == pytest.approx(RAMP[:3, :4].mean())
    masked = afwImage.MaskedImageF(image)
    masked.mask.array[0, 1], masked.mask.array[1, 0] = 1, 4
    masked.variance.array[:] = 8
    binned = afwMath.binImage(masked, 2)
    assert binned[0, 0] == (3.5, 5, 2.0)


def test_a_background_of_a_plane_is_the_plane() -> None:
    y, x = np.mgrid[:200, :300]
    pixels = (1000 + 0.5 * x + 0.25 * y).astype(np.float32)
    pixels[50:53, 60:63] += 10000
    image = afwImage.ImageF(pixels, xy0=Point2I(5, 6))
    control = afwMath.BackgroundControl(6, 5)
    background = afwMath.makeBackground(image, control)
    sky = background.getImageF()
    assert sky.getBBox() == image.getBBox()
    clean = 1000 + 0.5 * x + 0.25 * y
    inner = (slice(30, 170), slice(30, 270))
    np.testing.assert_allclose(sky.array[inner], clean[inner], atol=1.0)
    stats = background.getStatsImage()
    assert tuple(stats.getDimensions()) == (6, 5)
    # the mean of the first bin of 50 x 40 pixels
    assert stats.image[0, 0] == pytest.approx(1000 + 0.5 * 24.5 + 0.25 * 19.5, abs=0.01)
    image -= background.getImageF(afwMath.Interpolate.NATURAL_SPLINE)
    assert abs(np.median(image.array)) < 0.5
    linear = background.getImageF("LINEAR", "REDUCE_INTERP_ORDER")
    np.testing.assert_allclose(linear.array[inner], clean[inner], atol=1.0)


def test_a_control_takes_words_in_afws_orders() -> None:
    control = afwMath.BackgroundControl("NATURAL_SPLINE", 5, 6, "REDUCE_INTERP_ORDER")
    assert (control.getNxSample(), control.getNySample()) == (5, 6)
    assert control.getInterpStyle() == afwMath.Interpolate.NATURAL_SPLINE
    assert control.getUndersampleStyle() == afwMath.REDUCE_INTERP_ORDER
    control = afwMath.BackgroundControl(7, 8, afwMath.StatisticsControl(), afwMath.MEDIAN)
    assert control.getStatisticsProperty() == afwMath.MEDIAN
    control.setNxSample(3)
    assert control.getNxSample() == 3


def ours() -> OurBackground:
    levels = np.full((3, 3), 5.0, np.float32)
    mask = OurMask(np.zeros((3, 3), np.int32), {"BAD": 0})
    return OurBackground(levels, levels, mask, Box(10, 20, 30, 60), Surface(1))


def test_backgrounds_of_a_butler_have_afws_face() -> None:
    backgrounds: Any = gen2types.wrap(OurList((ours(), ours())))
    assert type(backgrounds) is afwMath.BackgroundList
    assert len(backgrounds) == 2
    sky = backgrounds.getImage()
    assert sky.getBBox() == Box2I(Point2I(10, 20), Extent2I(30, 60))
    assert (sky.array == 10).all()
    background, style, undersampled, *_ = backgrounds[0]
    assert background.getStatsImage().image[1, 2] == 5
    assert (style, undersampled) == (afwMath.Interpolate.LINEAR, afwMath.REDUCE_INTERP_ORDER)
    assert [item[0].getImageBBox() for item in backgrounds] == [sky.getBBox()] * 2
    more = afwMath.BackgroundList(*backgrounds)
    more.append(backgrounds[0])
    assert len(more.astropy) == 3
    assert more.getImage()[10, 20] == 15


def test_noise_has_the_moments_of_its_distribution() -> None:
    image, rand = afwImage.ImageF(300, 300), afwMath.Random("MT19937", 5)
    afwMath.randomGaussianImage(image, rand)
    assert image.array.mean() == pytest.approx(0, abs=0.02)
    assert image.array.std() == pytest.approx(1, abs=0.02)
    afwMath.randomUniformImage(image, rand)
    assert 0 <= image.array.min() < image.array.max() <= 1
    afwMath.randomPoissonImage(image, rand, 9.0)
    assert image.array.var() == pytest.approx(9, abs=0.3)
    assert 0 <= rand.uniform() < 1
    assert rand.uniformInt(3) in (0, 1, 2)
    assert afwMath.Random(seed=5).getSeed() == 5


def test_a_background_changes_with_its_levels() -> None:
    backgrounds: Any = gen2types.wrap(OurList((ours(),)))
    levels = backgrounds[0][0].getStatsImage()
    levels *= -1
    assert (backgrounds.getImage().array == -5).all()


def test_curves_go_through_their_points() -> None:
    x, y = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 4.0, 9.0, 16.0, 25.0]
    for style in ("LINEAR", afwMath.Interpolate.NATURAL_SPLINE, "AKIMA_SPLINE"):
        curve = afwMath.makeInterpolate(x, y, style)
        assert curve.interpolate(3.0) == pytest.approx(9.0)
        assert curve.interpolate([1.0, 4.0]) == pytest.approx([1.0, 16.0])
    assert afwMath.makeInterpolate(x, y, "LINEAR").interpolate(2.5) == 6.5
    assert afwMath.lookupMaxInterpStyle(2) == afwMath.Interpolate.LINEAR
    assert afwMath.lookupMinInterpPoints("AKIMA_SPLINE") == 5
    with pytest.raises(IndexError, match="5 points"):
        afwMath.makeInterpolate(x[:3], y[:3])
