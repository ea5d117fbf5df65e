"""Masked images: planes, arithmetic with variances, parts, files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.image as afwImage
from lsst.geom import Box2I, Extent2I, Point2I
from persistence import gen2types
from persistence.gen2types.exceptions import LengthError


def masked(value: float = 4.0, flags: int = 1, variance: float = 2.0) -> Any:
    box = Box2I(Point2I(10, 20), Extent2I(6, 4))
    return afwImage.MaskedImageF(
        afwImage.ImageF(box, value), afwImage.Mask(box, flags), afwImage.ImageF(box, variance)
    )


def values(image: Any) -> tuple[float, int, float]:
    """Return image, flags and variance of an image of which all pixels are the same."""
    for plane in image.getArrays():
        assert (plane == plane[0, 0]).all()
    return tuple(plane[0, 0].item() for plane in image.getArrays())  # type: ignore[return-value]


@pytest.mark.parametrize("letter", "FDILU")
def test_each_type_of_pixels_has_a_class(letter: str) -> None:
    cls = getattr(afwImage, f"MaskedImage{letter}")
    image = cls(3, 2)
    assert image.image.array.dtype == afwImage.Image[letter].dtype
    assert (image.mask.array.dtype, image.variance.array.dtype) == (np.int32, np.float32)
    assert type(image.image) is afwImage.Image[letter]
    assert type(image.mask) is afwImage.MaskX
    assert type(image.variance) is afwImage.ImageF
    assert type(afwImage.MaskedImage(image.image)) is cls
    assert type(afwImage.makeMaskedImage(image.image, image.mask, image.variance)) is cls


def test_the_planes_are_shared_under_all_their_names() -> None:
    image = masked()
    for name in ("image", "mask", "variance"):
        plane = getattr(image, name)
        assert plane is getattr(image, f"get{name.capitalize()}")()
        assert plane.array is plane.getArray()
        assert np.shares_memory(plane.array, getattr(afwImage.MaskedImageF(image), name).array)
    ours = image.astropy
    assert ours.image is image.image.array
    assert ours.mask.array is image.mask.array
    assert ours.variance is image.variance.array
    assert gen2types.unwrap(image) is ours
    assert ours.origin == (10, 20)


# Source: propagation of independent errors.
A, B = (4.0, 1, 2.0), (2.0, 4, 3.0)
RESULTS = {
    "__iadd__": (6.0, 5, 5.0),
    "__isub__": (2.0, 5, 5.0),
    "__imul__": (8.0, 5, 2 * 2.0**2 + 3 * 4.0**2),
    "__itruediv__": (2.0, 5, (2 * 2.0**2 + 3 * 4.0**2) / 2.0**4),
}


@pytest.mark.parametrize("verb", RESULTS)
def test_masked_images_are_combined_with_their_variances(verb: str) -> None:
    image = masked(*A)
    pixels = image.image.array
    getattr(image, verb)(masked(*B))
    assert values(image) == pytest.approx(RESULTS[verb])
    assert image.image.array is pixels


@pytest.mark.parametrize(
    ("verb", "result"),
    [
        ("__iadd__", (6.0, 1, 2.0)),
        ("__isub__", (2.0, 1, 2.0)),
        ("__imul__", (8.0, 1, 8.0)),
        ("__itruediv__", (2.0, 1, 0.5)),
    ],
)
@pytest.mark.parametrize("kind", ["number", "image"])
def test_a_number_or_an_image_has_no_variance(verb: str, result: Any, kind: str) -> None:
    image = masked(*A)
    other = 2.0 if kind == "number" else afwImage.ImageF(image.getBBox(), 2.0)
    getattr(image, verb)(other)
    assert values(image) == pytest.approx(result)


def test_scaled_sums_scale_the_variance() -> None:
    image = masked(*A)
    image.scaledPlus(2.0, masked(*B))
    assert values(image) == pytest.approx((8.0, 5, 2 + 4 * 3))
    image.scaledMinus(2.0, masked(*B))
    assert values(image) == pytest.approx((4.0, 5, 2 + 8 * 3))


def test_arithmetic_through_names_is_in_place() -> None:
    image = masked()
    image.image += 1
    image.image -= afwImage.ImageF(image.getBBox(), 2.0)
    image.variance *= 2
    image.mask |= 2
    assert values(image) == (3.0, 3, 4.0)
    image.image[10:12, 20] = 0
    image.mask = afwImage.Mask(image.getBBox(), 8)
    image.setVariance(afwImage.ImageF(image.getBBox(), 9))
    assert image[10, 20] == (0.0, 8, 9.0)
    with pytest.raises(LengthError):
        image.image = afwImage.ImageF(1, 1)


def test_pixels_and_parts_are_set() -> None:
    image = masked()
    image[10, 20] = (1.0, 2, 3.0)
    assert image[10, 20] == (1.0, 2, 3.0)
    assert image[0, 0, afwImage.LOCAL] == (1.0, 2, 3.0)
    image[11:13, 21:23] = (7.0, 0, 1.0)
    assert image[12, 22] == (7.0, 0, 1.0)
    image[12:14, 22:24] = masked(9.0)[12:14, 22:24]
    assert image[13, 23] == (9.0, 1, 2.0)
    image[:] = 5.0
    assert values(image) == (5.0, 0, 0.0)
    image.set(1.0, 2, 3.0)
    assert values(image) == (1.0, 2, 3.0)


@pytest.mark.parametrize(
    "part",
    [
        lambda image: image[Box2I(Point2I(11, 21), Extent2I(3, 2))],
        lambda image: image[11:14, 21:23],
        lambda image: image[1:4, 1:3, afwImage.LOCAL],
        lambda image: image.Factory(
            image, Box2I(Point2I(1, 1), Extent2I(3, 2)), afwImage.LOCAL, False
        ),
        lambda image: image.subset(Box2I(Point2I(11, 21), Extent2I(3, 2))),
    ],
)
def test_a_part_shares_all_planes(part: Any) -> None:
    image = masked()
    cut = part(image)
    assert type(cut) is afwImage.MaskedImageF
    assert cut.getBBox() == Box2I(Point2I(11, 21), Extent2I(3, 2))
    cut.image.array[:], cut.mask.array[:], cut.variance.array[:] = 1, 2, 3
    assert image[11, 21] == (1.0, 2, 3.0)
    assert image[10, 20] == (4.0, 1, 2.0)
    cut += 1
    assert image[13, 22] == (2.0, 2, 3.0)


@pytest.mark.parametrize(
    "clone",
    [
        lambda image: image.clone(),
        lambda image: image.Factory(image, True),
        lambda image: afwImage.MaskedImageF(image, deep=True),
        copy.deepcopy,
        lambda image: pickle.loads(pickle.dumps(image)),
    ],
)
def test_a_copy_has_pixels_of_its_own(clone: Any) -> None:
    image = masked()
    own = clone(image)
    image.set(0.0, 0, 0.0)
    assert values(own) == (4.0, 1, 2.0)
    assert own.getBBox() == image.getBBox()


def test_a_masked_image_is_moved() -> None:
    image = masked()
    image.setXY0(Point2I(1, 2))
    assert image.getXY0() == Point2I(1, 2) == image.image.getXY0() == image.mask.getXY0()
    assert (image.getX0(), image.getY0()) == (1, 2)
    assert (image.getWidth(), image.getHeight()) == (6, 4) == tuple(image.getDimensions())


def test_a_masked_image_in_a_file_has_afws_planes(tmp_path: Path) -> None:
    image = masked()
    path = str(tmp_path / "masked.fits")
    image.writeFits(path)
    with fits.open(path) as hdus:
        assert [hdu.header.get("EXTTYPE") for hdu in hdus] == [None, "IMAGE", "MASK", "VARIANCE"]
        for hdu, plane in zip(hdus[1:], image.getArrays(), strict=True):
            np.testing.assert_array_equal(hdu.data, plane)
        assert hdus[2].header["MP_NO_DATA"] == 8
    again = afwImage.MaskedImageF(path)
    assert values(again) == values(image)
    assert again.getBBox() == image.getBBox()


def test_images_become_masked_images_of_other_types() -> None:
    image = afwImage.MaskedImageD(masked(), True)
    assert image.image.array.dtype == np.float64
    assert values(image) == (4.0, 1, 2.0)


def test_arrays_become_a_masked_image() -> None:
    array = np.ones((2, 3), np.float32)
    image = afwImage.makeMaskedImageFromArrays(array, np.full((2, 3), 4, np.uint16), 2 * array)
    assert values(image) == (1.0, 4, 2.0)
    assert image.image.array is array
