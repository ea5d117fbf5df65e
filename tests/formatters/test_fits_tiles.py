"""Images that are compressed here, as astropy and CFITSIO read them; and theirs, as we do."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from persistence.formatters import fits_tiles, tiles
from persistence.formatters.fits_open import opened, pixels

ALGORITHMS = ("GZIP_1", "GZIP_2")
DTYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8")
HEADER = fits.Header(
    [
        ("EXTNAME", "IMAGE", "its name"),
        ("WCSAXES", 2),
        ("CRPIX1", 2140.4947, "Pixel coordinate of reference point"),
        ("COMMENT", "a comment behind CRPIX1"),
        ("HIERARCH MP_DETECTED_NEGATIVE", 6),
        ("HISTORY", "made by a test"),
        ("LONG", "a text " * 20),
        ("EXTTYPE", "IMAGE"),
    ]
)
# How long the tiles are is the compressor's.
LENGTHS = ("PCOUNT", "TFORM1")


def written(hdu: Any) -> bytes:
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return stream.getvalue()


@st.composite
def images(draw: Any, dtypes: tuple[str, ...] = DTYPES) -> tuple[Any, tuple[int, ...]]:
    """Draw an image of one to three axes, NaN and infinity in it, and the size of its tiles."""
    shape = draw(arrays.array_shapes(max_dims=3, max_side=7))
    tile = tuple(draw(st.integers(1, length)) for length in shape)
    return draw(arrays.arrays(draw(st.sampled_from(dtypes)), shape)), tile


@given(drawn=images(), algorithm=st.sampled_from(ALGORITHMS))
@settings(max_examples=15, deadline=None)
def test_astropy_reads_every_pixel(drawn: Any, algorithm: str) -> None:
    image, tile = drawn
    content = written(fits_tiles.hdu_of(image, HEADER, "NAME", algorithm, tile))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(io.BytesIO(content)) as hdus:
            hdu = hdus[1]
            assert (hdu.name, hdu.compression_type, hdu.tile_shape) == ("NAME", algorithm, tile)
            assert hdu.data.dtype.newbyteorder("=") == image.dtype
            assert np.array_equal(hdu.data, image, equal_nan=image.dtype.kind == "f")


@given(drawn=images(), algorithm=st.sampled_from(ALGORITHMS))
@settings(max_examples=8, deadline=None)
def test_the_header_is_the_one_that_astropy_writes(drawn: Any, algorithm: str) -> None:
    image, tile = drawn
    theirs = fits.CompImageHDU(
        image,
        HEADER,
        "NAME",
        compression_type=algorithm,
        tile_shape=tile,
        quantize_level=0.0,
        quantize_method=-1,
    )
    ours = fits_tiles.hdu_of(image, HEADER, "NAME", algorithm, tile)
    headers = []
    for hdu in (theirs, ours):
        with fits.open(io.BytesIO(written(hdu)), disable_image_compression=True) as hdus:
            headers.append([card for card in hdus[1].header.cards if card.keyword not in LENGTHS])
    assert [str(card) for card in headers[1]] == [str(card) for card in headers[0]]


@given(drawn=images(), algorithm=st.sampled_from(ALGORITHMS))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_cfitsio_reads_every_pixel(tmp_path: Path, drawn: Any, algorithm: str) -> None:
    fitsio = pytest.importorskip("fitsio", reason="pip install '.[test]'")
    image, tile = drawn
    path = tmp_path / "ours.fits"
    path.write_bytes(written(fits_tiles.hdu_of(image, HEADER, "NAME", algorithm, tile)))
    with fitsio.FITS(str(path)) as file:
        read, header = file[1].read(), file[1].read_header()
    assert read.dtype.newbyteorder("=") == image.dtype
    assert np.array_equal(read, image, equal_nan=image.dtype.kind == "f")
    assert (header["EXTNAME"], header["CRPIX1"]) == ("NAME", 2140.4947)


def test_all_read_tiles_of_which_bytes_that_are_noise_are_stored(tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(900, 30, (50, 2048)).astype("f4")
    image[7, 100:300] = np.nan
    path = tmp_path / "ours.fits"
    path.write_bytes(written(fits_tiles.hdu_of(image, HEADER, "NAME")))
    theirs = written(fits.CompImageHDU(image, compression_type="GZIP_2", quantize_level=0.0))
    assert path.stat().st_size < 0.95 * len(theirs)
    with fits.open(path) as hdus:
        assert np.array_equal(hdus[1].data, image, equal_nan=True)
    assert read(path).tobytes() == image.tobytes()
    fitsio = pytest.importorskip("fitsio", reason="pip install '.[test]'")
    assert np.array_equal(fitsio.read(str(path)), image, equal_nan=True)


def read(path: Path) -> Any:
    with opened(str(path)) as hdus:
        return pixels(hdus[1])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("code", DTYPES)
def test_what_astropy_compressed_is_read(tmp_path: Path, code: str, algorithm: str) -> None:
    image = np.random.default_rng(1).integers(0, 99, (20, 31)).astype(code)
    hdu = fits.CompImageHDU(
        image, compression_type=algorithm, tile_shape=(3, 31), quantize_level=0.0
    )
    path = tmp_path / "a.fits"
    path.write_bytes(written(hdu))
    back = read(path)
    assert (back.dtype, back.tolist()) == (image.dtype, image.tolist())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("code", ["u1", "i2", "i4", "f4", "f8"])
def test_what_cfitsio_compressed_is_read(tmp_path: Path, code: str, algorithm: str) -> None:
    fitsio = pytest.importorskip("fitsio", reason="pip install '.[test]'")
    image = np.random.default_rng(1).normal(50, 9, (20, 31)).astype(code)
    if image.dtype.kind == "f":
        image[3, 4] = np.nan
    path = tmp_path / "a.fits"
    fitsio.write(str(path), image, compress=algorithm, tile_dims=(3, 31), qlevel=0)
    back = read(path)
    assert back.dtype == image.dtype
    assert np.array_equal(back, image, equal_nan=image.dtype.kind == "f")


def test_only_pixels_that_need_nothing_else_are_decompressed_here(tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(50, 9, (20, 31)).astype("f4")
    whole: Any = {"compression_type": "GZIP_2", "quantize_level": 0.0}
    ours = {
        "gzip": (fits.CompImageHDU(image, **whole), True),
        "quantised": (fits.CompImageHDU(image, compression_type="GZIP_2"), False),
        "an offset": (fits.CompImageHDU(image.astype("u2"), **whole), False),
        "Rice": (fits.CompImageHDU(image.astype("i4"), compression_type="RICE_1"), False),
    }
    for name, (hdu, is_ours) in ours.items():
        path = tmp_path / "a.fits"
        path.write_bytes(written(hdu))
        with opened(str(path)) as hdus:
            assert (tiles.gunzipped(hdus[1]) is not None) == is_ours, name


def test_the_name_of_the_header_is_kept_and_an_image_without_pixels_is_not_compressed() -> None:
    hdu = fits_tiles.hdu_of(np.ones((2, 3), "i4"), HEADER)
    assert hdu.header["EXTNAME"] == "IMAGE"
    assert (hdu.header["ZTILE1"], hdu.header["ZTILE2"]) == (3, 1)
    assert type(fits_tiles.hdu_of(np.ones((0, 3), "i4"), HEADER)) is fits.ImageHDU
