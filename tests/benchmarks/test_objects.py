"""How long afw's objects take to be read, beside astropy's own reading of the same HDUs."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from persistence import Butler, Exposure
from persistence.formatters import catalog
from persistence.refcats import htm
from persistence.refcats.catalog import ReferenceCatalog
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.fields.boundedfield import ChebyshevField
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask
from persistence.types.psf.psf import GaussianPsf
from persistence.types.table.catalog import Catalog

POLICY = """
exposures:
  plain: {template: plain.fits, python: lsst.afw.image.ExposureF, storage: FitsStorage, recipe: noCompression}
  packed: {template: packed.fits, python: lsst.afw.image.ExposureF, storage: FitsStorage, recipe: lossless}
datasets:
  shard: {template: 'cat/%(number)d.fits', python: lsst.afw.table.SimpleCatalog, storage: FitsCatalogStorage}
"""
ROWS, COLUMNS = 4096, 2048


@pytest.fixture(scope="module")
def butler() -> Iterator[Butler]:
    """Yield a Butler on exposures of 2k x 4k, in memory where there is one: a disk's moods would hide what counts."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    ) as folder:
        (Path(folder) / "camera.yaml").write_text(POLICY)
        made = Butler(
            outputs={"root": f"{folder}/repo", "mapper": f"{folder}/camera.yaml", "mode": "rw"},
            cache=False,
        )
        for name in ("plain", "packed"):
            made.put(_exposure(), name)
        yield made


def _exposure() -> Exposure:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = (
        ["RA---TAN", "DEC--TAN"],
        [10.0, 5.0],
        [1024.0, 2048.0],
    )
    wcs.wcs.cd = np.eye(2) * 7e-5
    random = np.random.default_rng(1)
    image = random.normal(100, 10, (ROWS, COLUMNS)).astype("f4")
    header = fits.Header(
        [(f"KEY{number}", number * 1.5, "a card of a telescope's header") for number in range(250)]
    )
    mask = Mask((image > 120).astype("i4") << DEFAULT_PLANES["DETECTED"], DEFAULT_PLANES)
    field = ChebyshevField(Box(0, 0, COLUMNS, ROWS), random.random((4, 4)))
    parts = {"psf": GaussianPsf((41, 41), 2.0), "photo_calib": PhotoCalib(2.0, 0.1, field)}
    return Exposure(image, header, mask=mask, variance=image.copy(), given_wcs=wcs).replaced(
        **parts
    )


def _by_astropy(path: str) -> list[Any]:
    """Read the same: all headers, the archive's bytes, and the planes as numpy has numbers."""
    with fits.open(path, memmap=False) as hdus:
        planes = [
            hdu.data.astype(hdu.data.dtype.newbyteorder("="), copy=False) for hdu in hdus[1:4]
        ]
        return [*planes, *(hdu.data for hdu in hdus[4:]), *(hdu.header for hdu in hdus)]


@pytest.mark.parametrize(
    ("name", "kind", "bound"),
    [("plain", "uncompressed", 1.15), ("packed", "losslessly compressed", 0.5)],
)
def test_reading_an_exposure(
    bench: Any, butler: Butler, name: str, kind: str, bound: float
) -> None:
    path = butler.getUri(name)
    rounds = 15 if name == "plain" else 5
    bench.ratio(
        f"get of an exposure, 2k x 4k, {kind}",
        lambda: butler.get(name),
        lambda: _by_astropy(path),
        bound,
        rounds,
    )
    for what in ("wcs", "md"):
        read_part = functools.partial(butler.get, f"{name}_{what}")
        part, whole = bench.pair(read_part, lambda: butler.get(name), rounds=5)
        told = f"{1e3 * part:.2f} ms of {1e3 * whole:.0f}"
        bench.tell(f"  its {what}", whole / part, "x faster", told, 20, more_is_better=True)


def _by_compressor(planes: list[Any], path: str) -> None:
    """Write nothing but the compressed rows of planes, by isal or else by zlib."""
    compress = functools.partial(zlib.compress, level=1, wbits=31)
    with contextlib.suppress(ImportError):
        from isal import isal_zlib

        compress = functools.partial(isal_zlib.compress, level=2, wbits=31)
    with open(path, "wb") as stream:
        for plane in planes:
            for row in plane:
                shuffled = row.astype(row.dtype.newbyteorder(">")).view("u1").reshape(-1, 4).T
                stream.write(compress(np.ascontiguousarray(shuffled)))


def test_writing_a_compressed_exposure(bench: Any, butler: Butler) -> None:
    exposure = _exposure()
    path = butler.getUri("packed")
    bench.ratio(
        "put of an exposure, 2k x 4k, compressed, over compressing",
        lambda: butler.put(exposure, "packed"),
        lambda: _by_compressor([exposure.image, exposure.mask.array, exposure.variance], path),
        1.3,
        rounds=5,
    )


def test_reading_a_cone(bench: Any, butler: Butler, monkeypatch: pytest.MonkeyPatch) -> None:
    depth, centre = 7, SkyCoord(150.0, 2.0, unit="deg")
    folder = Path(butler.getUri("shard", number=0, write=True)).parent
    numbers = sorted(htm.cone(150.0, 2.0, 2.2, depth))[:61]
    random = np.random.default_rng(1)
    ra, dec = random.uniform(146, 154, 400_000), random.uniform(-2, 6, 400_000)
    trixels = htm.index(ra, dec, depth)
    for number in numbers:
        here = trixels == number
        shard = Catalog(
            {
                "id": np.flatnonzero(here),
                "coord_ra": np.radians(ra[here]),
                "coord_dec": np.radians(dec[here]),
            }
        )
        for name in ("coord_ra", "coord_dec"):
            shard[name].unit = "rad"
        butler.put(shard, "shard", number=number)
    (folder / "config.py").write_text(
        f"config.ref_dataset_name='cat'\nconfig.indexer['HTM'].depth={depth}\n"
    )
    opened: list[str] = []
    read = catalog.read
    monkeypatch.setattr(
        catalog, "read", lambda location: (opened.append(location.path), read(location))[1]
    )
    reference = ReferenceCatalog(folder)
    assert len(reference.shards) == 61
    reference.cone(centre, 1.0)
    needed = htm.cone(150.0, 2.0, 1.0, depth).intersection(numbers)
    bench.tell(
        "a cone of 1 deg over 61 shards",
        len(opened),
        "shards",
        f"{len(needed)} touch it",
        len(needed),
    )
    files = [str(folder / f"{number}.fits") for number in sorted(needed)]
    bench.ratio(
        "  its time, over astropy's of these",
        lambda: reference.cone(centre, 1.0),
        lambda: [fits.getdata(file, 1) for file in files],
        3.0,
    )
