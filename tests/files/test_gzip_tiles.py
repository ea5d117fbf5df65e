"""Tiles of gzip: laid out as the standard says, by whatever library compresses them."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.errors import FormatterError
from persistence.files import gzip_tiles

STORED = ("u1", "i2", "i4", "f4", "f8")


@pytest.fixture(params=["isal", "zlib"])
def library(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Compress with a library, the other one being absent."""
    if request.param == "isal":
        pytest.importorskip("isal", reason="pip install '.[fast]'")
    else:
        monkeypatch.setitem(sys.modules, "isal", None)
    gzip_tiles._library.cache_clear()
    yield request.param
    gzip_tiles._library.cache_clear()


def test_pixels_are_big_endian_and_their_first_bytes_come_first_if_shuffled(library: str) -> None:
    image = np.array([[0x01020304, 0x05060708], [0x11121314, 0x15161718]], "i4")
    plain, shuffled = (
        [
            gzip.decompress(tile).hex()
            for tile in gzip_tiles.compress(image, (1, 2), shuffled=is_shuffled)
        ]
        for is_shuffled in (False, True)
    )
    assert plain == ["0102030405060708", "1112131415161718"]
    assert shuffled == ["0105020603070408", "1115121613171418"]


def test_tiles_are_in_order_along_the_last_axis_and_smaller_at_the_edges() -> None:
    image = np.arange(15, dtype="u1").reshape(3, 5)
    tiles = gzip_tiles.compress(image, (2, 3), shuffled=True)
    assert [list(gzip.decompress(tile)) for tile in tiles] == [
        [0, 1, 2, 5, 6, 7],
        [3, 4, 8, 9],
        [10, 11, 12],
        [13, 14],
    ]


@pytest.mark.parametrize(
    ("value", "stored"),
    [(np.uint16(0), "8000"), (np.uint16(40000), "1c40"), (np.int8(-128), "00"), (np.int8(1), "81")]
    + [(np.uint32(1), "80000001"), (np.uint8(7), "07"), (np.int16(-2), "fffe")],
)
def test_integers_that_fits_has_not_are_stored_with_an_offset(value: Any, stored: str) -> None:
    (tile,) = gzip_tiles.compress(np.array([value]), (1,), shuffled=True)
    assert gzip.decompress(tile).hex() == stored


def test_many_rows_are_each_a_tile_also_of_an_array_in_another_order(library: str) -> None:
    image = np.random.default_rng(1).normal(0, 9, (700, 500)).astype(">f4")
    for view in (image, image[::-2, 3:9], np.asfortranarray(image)):
        tiles = gzip_tiles.compress(view, (3, 500), shuffled=True)
        assert len(tiles) == -(-len(view) // 3)
        back = gzip_tiles.expand(tiles, view.shape, (3, 500), "f4", shuffled=True)
        assert np.array_equal(back, view)


RANDOM = np.random.default_rng(1)
NOISY = {
    "in the middle": RANDOM.normal(900, 30, (40, 1500)).astype("f4").round(2),
    "at the end": (RANDOM.integers(0, 1 << 16, (40, 1500)) + (5 << 16)).astype("i4"),
    "everywhere": np.frombuffer(RANDOM.bytes(40 * 1500 * 4), "i4").reshape(40, 1500),
    "at the beginning": (RANDOM.integers(-(1 << 15), 1 << 15, (40, 1500)) << 16).astype("i4"),
    "nowhere": RANDOM.integers(0, 9, (40, 1500)).astype("i4"),
}


@pytest.mark.parametrize("noisy", NOISY)
def test_bytes_that_are_noise_are_stored_as_they_are(library: str, noisy: str) -> None:
    image = NOISY[noisy]
    tiles = gzip_tiles.compress(image, (1, 1500), shuffled=True)
    shuffled = [row.astype(">u4" if row.dtype.kind == "i" else ">f4") for row in image]
    contents = [row.view("u1").reshape(-1, 4).T.tobytes() for row in shuffled]
    assert [gzip.decompress(tile) for tile in tiles] == contents
    best = sum(len(gzip.compress(content, 9)) for content in contents)
    assert sum(map(len, tiles)) < best * (1.2 if noisy == "nowhere" else 1.01)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_an_image_comes_back_bit_by_bit(data: st.DataObject) -> None:
    shape = data.draw(arrays.array_shapes(max_dims=3, max_side=9))
    tile = tuple(data.draw(st.integers(1, length + 1)) for length in shape)
    image = data.draw(arrays.arrays(data.draw(st.sampled_from(STORED)), shape))
    shuffled = data.draw(st.booleans())
    tiles = gzip_tiles.compress(image, tile, shuffled=shuffled)
    back = gzip_tiles.expand(tiles, shape, tile, image.dtype, shuffled=shuffled)
    assert back.dtype == image.dtype
    assert back.tobytes() == image.tobytes()


def squeezed(content: bytes) -> bytes:
    return zlib.compress(content, wbits=31)


@pytest.mark.parametrize(
    ("tile", "match"),
    [
        (squeezed(bytes(8))[:-9], "damaged"),
        (squeezed(bytes(8))[:-8] + b"1234" + b"\x08\0\0\0", "damaged"),
        (b"no gzip", "damaged"),
        (squeezed(bytes(4)), "4 bytes, not 8"),
        (squeezed(bytes(16)), "16 bytes, not 8"),
    ],
    ids=["cut", "of another sum", "no gzip", "too short", "too long"],
)
def test_a_tile_that_is_damaged_is_an_error(library: str, tile: bytes, match: str) -> None:
    good = squeezed(bytes(8))
    with pytest.raises(FormatterError, match=match):
        gzip_tiles.expand([good, tile], (2, 2), (1, 2), "f4", shuffled=True)
