"""Compressed images of which a tile is not where the file says, or not whole."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence.errors import FormatterError
from persistence.formatters.fits_open import opened, pixels
from persistence.types.pixels.box import Box

ALGORITHMS = ("PLIO_1", "RICE_1", "GZIP_1", "GZIP_2", "NOCOMPRESS")
MASK = np.zeros((20, 300), "i4")
MASK[:, 5:9] = 3
MASK[3, 100:110] = 7
# A descriptor's number of elements, and the byte of the heap at which they begin.
DAMAGE = {
    "begins beyond the heap": (None, 10**6),
    "begins before the heap": (None, -8),
    "ends beyond the heap": (10**6, None),
    "is longer than 32 bits": (2**31 - 1, 2**31 - 1),
    "is cut": (2, None),
    "has a length below 0": (-1, None),
}


def written(path: Path, algorithm: str, length: int | None = None, start: int | None = None) -> str:
    """Write the mask with the descriptor of its fourth tile changed."""
    hdu = fits.CompImageHDU(MASK, compression_type=algorithm, tile_shape=(1, 300))
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    with fits.open(path, disable_image_compression=True) as hdus:
        place = hdus[1].fileinfo()["datLoc"] + 3 * hdus[1].header["NAXIS1"]
    content = bytearray(path.read_bytes())
    old = struct.unpack_from(">ii", content, place)
    new = [
        before if value is None else value
        for before, value in zip(old, (length, start), strict=True)
    ]
    struct.pack_into(">ii", content, place, *new)
    path.write_bytes(content)
    return str(path)


def read(path: str, cut: Box | None = None) -> Any:
    with warnings.catch_warnings(), opened(path) as hdus:
        warnings.simplefilter("ignore")  # as in a user's process, where they are no errors
        return pixels(hdus[1], cut=cut)


@pytest.mark.parametrize("cut", [None, Box(2, 1, 200, 8)], ids=["whole", "part"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_tile_that_is_not_whole_in_the_heap_is_an_error_and_not_zeros(
    tmp_path: Path, algorithm: str, damage: str, cut: Box | None
) -> None:
    path = written(tmp_path / "a.fits", algorithm, *DAMAGE[damage])
    with pytest.raises(FormatterError, match=r"a\.fits"):
        read(path, cut)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tiles_that_are_whole_are_read(tmp_path: Path, algorithm: str) -> None:
    path = written(tmp_path / "a.fits", algorithm)
    assert np.array_equal(read(path), MASK)
    assert np.array_equal(read(path, Box(2, 1, 200, 8)), MASK[1:9, 2:202])


@pytest.mark.parametrize(
    "pixels", [np.zeros((3, 40)), np.arange(120).reshape(3, 40), np.indices((9, 9000))[1] % 2 * 5]
)
def test_line_lists_of_every_kind_are_read(tmp_path: Path, pixels: Any) -> None:
    hdu = fits.CompImageHDU(pixels.astype("i4"), compression_type="PLIO_1")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "a.fits")
    assert np.array_equal(read(str(tmp_path / "a.fits")), pixels)
