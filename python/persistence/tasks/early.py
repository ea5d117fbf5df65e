"""What is loaded before there are images, so that their memory can be used again and again.

Whatever is loaded while images are held lies between their planes: of a plane that is freed, only
pieces are then left, and the next one needs new memory. On 3 of 8 chips of 2k x 4k pixels, this
took 32 MB more, and 200 MB where the modules had to be compiled.
"""

from __future__ import annotations

import contextlib
import functools
import importlib

# What processing loads in its midst: lazily, since other commands do without.
_MODULES = (
    "astropy.coordinates",
    "hpgeom",
    "lsst.sphgeom",
    "persistence.formatters.background",
    "persistence.formatters.calibs",
    "persistence.formatters.catalog_write",
    "persistence.formatters.components",
    "persistence.formatters.exposure_archive",
    "persistence.formatters.fits_exposure",
    "persistence.formatters.fits_write",
    "persistence.formatters.footprint_write",
    "persistence.quality.catalogs",
    "persistence.tasks.calibration",
    "persistence.tasks.photometry",
    "persistence.tasks.sources",
    "persistence.tasks.summary",
    "persistence.types.fields.background",
    "persistence.types.fields.spline",
    "persistence.types.wcs.astbuild",
    "persistence.types.wcs.storedwcs",
    "persistence.types.wcs.transforms",
    "scipy.sparse.linalg",
    "scipy.spatial",
    "scipy.special",
    "sep",
)


@functools.cache
def load() -> None:
    """Import what is needed later, and read the leap seconds.

    While astropy reads these it catches errors, whose frames stay for a while, and with them all
    that is alive in the functions that called it.
    """
    for module in _MODULES:
        with contextlib.suppress(ImportError):  # the error is for those who need it
            importlib.import_module(module)
    from astropy.time import Time

    assert Time(60000.0, format="mjd", scale="utc").tai is not None
