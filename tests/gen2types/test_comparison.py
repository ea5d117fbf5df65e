"""Images for tests, and how they differ."""

from __future__ import annotations

import numpy as np
import pytest

import lsst.afw.image as afwImage
from lsst.afw.image.testUtils import imagesDiffer, makeGaussianNoiseMaskedImage, makeRampImage
from lsst.geom import Box2I, Extent2I, Point2I


def test_a_ramp_grows_along_rows() -> None:
    box = Box2I(Point2I(3, 4), Extent2I(3, 2))
    assert makeRampImage(box).array.tolist() == [[0, 1, 2], [3, 4, 5]]
    ramp = makeRampImage(box, 1.0, 2.0, afwImage.ImageD)
    assert type(ramp) is afwImage.ImageD
    assert ramp.array.ravel().tolist() == pytest.approx([1, 1.2, 1.4, 1.6, 1.8, 2])
    assert ramp.getBBox() == box


def test_noise_has_its_deviation() -> None:
    image = makeGaussianNoiseMaskedImage(Extent2I(200, 200), 5.0, 25.0)
    assert image.image.array.std() == pytest.approx(5, rel=0.05)
    assert (image.variance.array == 25).all()


def test_differences_of_images_are_described() -> None:
    one = afwImage.ImageF(np.ones((2, 3), np.float32))
    other = one.clone()
    assert imagesDiffer(one, other) == ""
    other.array[1, 2] += 0.5
    assert imagesDiffer(one, other) == "maxDiff=0.5 of 1 pixels"
    skipped = np.zeros((2, 3), bool)
    skipped[1, 2] = True
    assert imagesDiffer(one, other, skipMask=skipped) == ""
    assert "dimensions" in imagesDiffer(one, afwImage.ImageF(2, 2))
