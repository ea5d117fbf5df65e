"""Images, against what afw's documentation says and numpy computes."""

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

TYPES = {
    "F": np.float32, "D": np.float64, "I": np.int32, "L": np.uint64, "U": np.uint16,
}  # fmt: skip


def ramp(width: int = 6, height: int = 4, x0: int = 10, y0: int = 20) -> Any:
    """Return an image of which the pixel (x, y) of the parent is 100 y + x."""
    y, x = np.mgrid[y0 : y0 + height, x0 : x0 + width]
    return afwImage.ImageF((100 * y + x).astype(np.float32), xy0=Point2I(x0, y0))


@pytest.mark.parametrize("letter", TYPES)
def test_each_type_of_pixels_has_a_class(letter: str) -> None:
    cls = getattr(afwImage, f"Image{letter}")
    assert cls(3, 2).array.dtype == TYPES[letter]
    assert afwImage.Image[letter] is cls
    assert afwImage.Image[TYPES[letter]] is cls
    assert type(afwImage.Image(3, 2, dtype=TYPES[letter])) is cls
    assert type(afwImage.Image(np.zeros((2, 3), TYPES[letter]))) is cls
    assert isinstance(cls(3, 2), afwImage.Image)
    assert cls.dtype == TYPES[letter]


@pytest.mark.parametrize(
    ("image", "size", "xy0", "value"),
    [
        (afwImage.ImageF, (0, 0), (0, 0), None),
        (lambda: afwImage.ImageF(3, 2), (3, 2), (0, 0), 0),
        (lambda: afwImage.ImageF(3, 2, 1.5), (3, 2), (0, 0), 1.5),
        (lambda: afwImage.ImageF(width=3, height=2, initialValue=2.5), (3, 2), (0, 0), 2.5),
        (lambda: afwImage.ImageF(Extent2I(3, 2)), (3, 2), (0, 0), 0),
        (lambda: afwImage.ImageF(Extent2I(3, 2), 4), (3, 2), (0, 0), 4),
        (lambda: afwImage.ImageF(Box2I(Point2I(5, 6), Extent2I(3, 2))), (3, 2), (5, 6), 0),
        (lambda: afwImage.ImageF(bbox=Box2I(Point2I(5, 6), Extent2I(3, 2))), (3, 2), (5, 6), 0),
        (lambda: afwImage.ImageF(np.full((2, 3), 7, "f4")), (3, 2), (0, 0), 7),
        (lambda: afwImage.ImageF(np.full((2, 3), 7.0)), (3, 2), (0, 0), 7),
        (lambda: afwImage.ImageF(array=np.full((2, 3), 7, "f4")), (3, 2), (0, 0), 7),
        (lambda: afwImage.ImageI(afwImage.ImageF(3, 2, 3.7), True), (3, 2), (0, 0), 3),
    ],
)
def test_an_image_is_created_as_afws(image: Any, size: Any, xy0: Any, value: Any) -> None:
    image = image()
    assert tuple(image.getDimensions()) == size == (image.getWidth(), image.getHeight())
    assert tuple(image.getXY0()) == xy0 == (image.getX0(), image.getY0())
    assert image.array.shape == size[::-1]
    assert value is None or (image.array == value).all()


def test_an_array_is_copied_unless_it_is_to_be_shared() -> None:
    array = np.zeros((2, 3), np.float32)
    assert not np.shares_memory(afwImage.ImageF(array).array, array)
    assert np.shares_memory(afwImage.ImageF(array, False).array, array)
    assert np.shares_memory(afwImage.ImageF(array, deep=False).array, array)
    assert afwImage.makeImageFromArray(array).array is array


def test_another_image_is_shared_unless_it_is_to_be_copied() -> None:
    image = ramp()
    for shared in (afwImage.ImageF(image), image.Factory(image, False), copy.copy(image)):
        assert np.shares_memory(shared.array, image.array)
    for own in (
        afwImage.ImageF(image, True), image.Factory(image, deep=True), image.clone(),
        copy.deepcopy(image), pickle.loads(pickle.dumps(image)),
    ):  # fmt: skip
        assert not np.shares_memory(own.array, image.array)
        np.testing.assert_array_equal(own.array, image.array)
        assert own.getXY0() == image.getXY0()


BOX = Box2I(Point2I(11, 21), Extent2I(3, 2))
LOCAL_BOX = Box2I(Point2I(1, 1), Extent2I(3, 2))


@pytest.mark.parametrize(
    "part",
    [
        lambda image: image[BOX],
        lambda image: image[BOX, afwImage.PARENT],
        lambda image: image[LOCAL_BOX, afwImage.LOCAL],
        lambda image: image[11:14, 21:23],
        lambda image: image[1:4, 1:3, afwImage.LOCAL],
        lambda image: image[1:-2, 1:-1, afwImage.LOCAL],
        lambda image: image.Factory(image, BOX),
        lambda image: image.Factory(image, BOX, afwImage.PARENT),
        lambda image: image.Factory(image, LOCAL_BOX, afwImage.LOCAL),
        lambda image: image.Factory(image, LOCAL_BOX, afwImage.LOCAL, False),
        lambda image: image.subset(BOX),
        lambda image: afwImage.ImageF(image, BOX),
    ],
)
def test_a_part_shares_its_pixels_and_knows_where_it_lies(part: Any) -> None:
    image = ramp()
    cut = part(image)
    np.testing.assert_array_equal(cut.array, [[2111, 2112, 2113], [2211, 2212, 2213]])
    assert cut.getBBox() == BOX
    assert cut.getBBox(afwImage.LOCAL) == Box2I(Point2I(0, 0), Extent2I(3, 2))
    cut.array[0, 0] = -1
    assert image[11, 21] == -1


@pytest.mark.parametrize(
    ("index", "value"),
    [
        ((10, 20), 2010),
        ((15, 23), 2315),
        ((0, 0, afwImage.LOCAL), 2010),
        ((-1, -1, afwImage.LOCAL), 2315),
        (Point2I(12, 21), 2112),
        ((Point2I(2, 1), afwImage.LOCAL), 2112),
    ],
)
def test_a_pixel_is_a_number(index: Any, value: float) -> None:
    image = ramp()
    assert image[index] == value
    assert type(image[index]) is float
    image[index] = 3.0
    assert image[index] == 3.0
    assert (image.array == 3).sum() == 1


@pytest.mark.parametrize(
    ("index", "error"),
    [
        ((9, 20), IndexError),
        ((16, 20), IndexError),
        ((6, 0, afwImage.LOCAL), IndexError),
        ((-1, -1), IndexError),
        (Box2I(Point2I(9, 20), Extent2I(2, 2)), LengthError),
        ((slice(10, 17), slice(20, 22)), LengthError),
        ((slice(10, 14, 2), 20), ValueError),
        (3, TypeError),
    ],
)
def test_what_is_not_in_the_image_is_refused(index: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        _ = ramp()[index]


def test_parts_are_set_to_numbers_and_to_images() -> None:
    image = ramp()
    image[10:12, 20:22] = 5
    image[BOX] = afwImage.ImageF(3, 2, 9.0)
    image[:, 23] = 1
    assert image[10, 20] == 5
    assert image[11, 21] == 9
    assert (image.array[3] == 1).all()
    image[:] = 0
    assert not image.array.any()
    with pytest.raises(LengthError):
        image[BOX] = afwImage.ImageF(2, 2)
    image.assign(afwImage.ImageF(3, 2, 4.0), BOX)
    assert image.array.sum() == 24
    image.set(8)
    image.set(0, 0, 1)
    assert image.get(0, 0) == 1
    assert image.array.sum() == 23 * 8 + 1


A, B = np.array([[1.0, 2, 3]], np.float32), np.array([[4.0, 5, 8]], np.float32)


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (lambda a, b: a.__iadd__(b), A + B),
        (lambda a, b: a.__isub__(b), A - B),
        (lambda a, b: a.__imul__(b), A * B),
        (lambda a, b: a.__itruediv__(b), A / B),
        (lambda a, b: a.__iadd__(2), A + 2),
        (lambda a, b: a.__isub__(2.5), A - 2.5),
        (lambda a, b: a.__imul__(np.float64(2)), A * 2),
        (lambda a, b: a.__itruediv__(4), A / 4),
        (lambda a, b: a.scaledPlus(2, b), A + 2 * B),
        (lambda a, b: a.scaledMinus(2, b), A - 2 * B),
        (lambda a, b: a.scaledMultiplies(2, b), A * 2 * B),
        (lambda a, b: a.scaledDivides(2, b), A / (2 * B)),
        (lambda a, b: a.sqrt(), np.sqrt(A)),
    ],
)
def test_arithmetic_is_done_in_place(change: Any, result: Any) -> None:
    image = afwImage.ImageF(A)
    pixels = image.array
    change(image, afwImage.ImageF(B))
    assert image.array is pixels
    np.testing.assert_allclose(image.array, result, rtol=1e-6)


def test_whole_numbers_are_divided_towards_0() -> None:
    image = afwImage.ImageI(np.array([[7, -7, 9]], np.int32))
    image /= 2
    assert image.array.tolist() == [[3, -3, 4]]


def test_images_of_another_size_are_refused() -> None:
    image = ramp()
    with pytest.raises(LengthError, match="3 x 2"):
        image += afwImage.ImageF(3, 2)


def test_a_part_is_changed_in_place() -> None:
    image = ramp()
    before = image.array.copy()
    image[BOX] += 1
    image[BOX] *= 2
    before[1:3, 1:4] = (before[1:3, 1:4] + 1) * 2
    np.testing.assert_array_equal(image.array, before)


def test_an_image_is_moved() -> None:
    image = ramp()
    image.setXY0(Point2I(1, 2))
    assert image[1, 2] == 2010
    image.setXY0(0, 0)
    assert image.getBBox() == Box2I(Point2I(0, 0), Extent2I(6, 4))


def test_the_face_shares_the_pixels_and_keeps_the_place() -> None:
    image = ramp()
    ours = image.astropy
    assert ours.image is image.array
    assert ours.origin == (10, 20)
    assert afwImage.Image.of(ours).array is image.array
    assert gen2types.unwrap(image).origin == (10, 20)


def test_images_are_equal_to_themselves_only() -> None:
    image = ramp()
    assert image == image
    assert image != ramp()
    assert len({image, ramp()}) == 2


@pytest.mark.parametrize("letter", TYPES)
def test_an_image_in_a_file_is_read_back_by_astropy(letter: str, tmp_path: Path) -> None:
    image = getattr(afwImage, f"Image{letter}")(np.arange(6).reshape(2, 3).astype(TYPES[letter]))
    image.setXY0(Point2I(7, 8))
    path = str(tmp_path / "image.fits")
    image.writeFits(path)
    with fits.open(path) as hdus:
        hdu = hdus[0] if hdus[0].data is not None else hdus[1]
        np.testing.assert_array_equal(hdu.data, image.array)
        # afw's place of the image. Source: doc/gen2/afw-files.md, 1.2.
        assert (hdu.header["CRVAL1A"], hdu.header["CRVAL2A"]) == (7, 8)
        assert (hdu.header["LTV1"], hdu.header["LTV2"]) == (-7, -8)
    again = type(image)(path)
    np.testing.assert_array_equal(again.array, image.array)
    assert again.getXY0() == image.getXY0()
    assert again.astropy.origin == (7, 8)
    part = type(image).readFits(path, bbox=Box2I(Point2I(8, 8), Extent2I(2, 1)))
    assert part.array.tolist() == [[1, 2]]
    assert part.getXY0() == Point2I(8, 8)


def test_images_of_types_that_afw_lacks_are_read_as_it_reads_them() -> None:
    assert type(afwImage.Image.of(np.zeros((2, 2), np.int16))) is afwImage.ImageI
    assert type(afwImage.Image.of(np.zeros((2, 2), np.uint8))) is afwImage.ImageI
    with pytest.raises(TypeError, match="complex"):
        afwImage.Image.of(np.zeros((2, 2), complex))


def test_a_missing_file_is_a_fits_error(tmp_path: Path) -> None:
    from lsst.afw.fits import FitsError

    with pytest.raises(FitsError, match=r"absent\.fits"):
        afwImage.ImageF(str(tmp_path / "absent.fits"))


def test_a_decorated_image_has_its_header(tmp_path: Path) -> None:
    path = tmp_path / "raw.fits"
    fits.PrimaryHDU(np.arange(6, dtype=np.int32).reshape(2, 3), fits.Header({"FOO": 3})).writeto(
        path
    )
    raw = afwImage.DecoratedImageI(str(path))
    assert raw.getImage().array[1, 2] == 5
    assert raw.image.array is raw.getImage().array
    assert raw.getMetadata().getScalar("FOO") == 3
    assert (raw.getWidth(), raw.getHeight()) == (3, 2)


@pytest.mark.parametrize(
    ("position", "index", "rest"), [(3.0, 3, 0.0), (3.4, 3, 0.4), (3.6, 4, -0.4), (-0.6, -1, 0.4)]
)
def test_a_position_lies_in_the_pixel_whose_middle_is_nearest(
    position: float, index: int, rest: float
) -> None:
    assert afwImage.positionToIndex(position) == index
    assert afwImage.positionToIndex(position, True) == (index, pytest.approx(rest))
    assert afwImage.indexToPosition(index) == index


def test_an_image_is_put_into_another_box() -> None:
    image = afwImage.ImageF(np.arange(12, dtype=np.float32).reshape(3, 4), xy0=Point2I(10, 20))
    box = Box2I(Point2I(12, 21), Extent2I(3, 3))
    projected = afwImage.utils.projectImage(image, box, fill=-1)
    assert projected.getBBox() == box
    assert projected.array.tolist() == [[6, 7, -1], [10, 11, -1], [-1, -1, -1]]
    assert afwImage.utils.projectImage(image, image.getBBox()) is image
