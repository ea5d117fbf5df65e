"""What an exposure takes as its image, its mask and its variance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence.errors import FormatterError
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.mask import Mask

PIXELS = np.arange(6, dtype="f4").reshape(2, 3)
FLAGS = np.array([[0, 1, 2], [3, 0, 4]], "i4")
MASK = Mask(FLAGS, {"BAD": 0, "SAT": 1})


def exposure(pixels: Any = PIXELS, **cards: Any) -> Exposure:
    return Exposure(pixels, fits.Header(cards))


def whole() -> Exposure:
    return Exposure(PIXELS, fits.Header(), mask=MASK, variance=PIXELS + 1)


SET = pytest.mark.parametrize("how", [Exposure.fill, setattr], ids=["filled", "set"])


@SET
@pytest.mark.parametrize("name", ["image", "variance"])
def test_an_exposure_in_place_of_an_image_is_its_pixels(how: Any, name: str) -> None:
    made = whole()
    new = exposure(PIXELS * 2)
    how(made, name, new)
    assert getattr(made, name) is new.image
    assert getattr(made, "variance" if name == "image" else "image").shape == (2, 3)


@SET
def test_an_exposure_in_place_of_a_mask_is_its_pixels_and_the_bits_that_its_header_names(
    how: Any,
) -> None:
    made = whole()
    how(made, "mask", exposure(FLAGS.astype("u2"), MP_SAT=1, MP_CR=2))
    assert made.mask.planes == {"SAT": 1, "CR": 2}
    assert made.mask["CR"].tolist() == [[False] * 3, [False, False, True]]


@SET
@pytest.mark.parametrize(("pixels", "cards"), [(FLAGS, {}), (PIXELS, {"MP_BAD": 0})])
def test_an_image_whose_bits_have_no_names_is_not_a_mask(how: Any, pixels: Any, cards: Any) -> None:
    with pytest.raises(FormatterError, match=r"cards MP_\* in its header is not a mask"):
        how(whole(), "mask", exposure(pixels, **cards))


@pytest.mark.parametrize("name", ["image", "mask", "variance"])
def test_what_is_filled_in_has_the_size_of_the_image(name: str) -> None:
    other = Mask(FLAGS.T, {"BAD": 0}) if name == "mask" else PIXELS.T
    with pytest.raises(FormatterError, match=f"{name} has 2 x 3 pixels, .* image 3 x 2"):
        whole().fill(name, other)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image", None), ("image", "text"), ("image", [[1.0]]), ("image", np.array([[None] * 3] * 2)),
        ("image", MASK), ("variance", PIXELS.astype("U3")), ("mask", FLAGS), ("mask", 5), ("variance", 1.0),
    ],
)  # fmt: skip
def test_what_is_filled_in_is_of_the_planes_type(name: str, value: Any) -> None:
    with pytest.raises(FormatterError, match=f"{name} has to be a"):
        whole().fill(name, value)


@pytest.mark.parametrize("name", ["mask", "variance"])
def test_planes_follow_the_size_of_the_image(name: str) -> None:
    small = Mask(FLAGS[:1], {}) if name == "mask" else PIXELS[:1]
    with pytest.raises(FormatterError, match=f"{name} has 3 x 1 pixels"):
        setattr(whole(), name, small)
    with pytest.raises(FormatterError, match=f"{name} has 3 x 1 pixels"):
        whole().replaced(**{name: small})
    made = whole().replaced(image=PIXELS[:1], mask=Mask(FLAGS[:1], {}), variance=PIXELS[:1])
    assert made.bbox.height == 1
    whole().fill(name, None)
