"""Components of exposures that are datasets themselves: ``SkyWcs``, ``Psf``, ``PhotoCalib``, ...

Each may have its own template, or an exposure's; of an exposure, only the needed parts are read.
"""

from __future__ import annotations

from typing import Any

from astropy.io import fits

from persistence.dataids.location import Location
from persistence.dataids.request import part_name
from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.formatters import archived, fits_tiles
from persistence.formatters.components import read_component
from persistence.formatters.fits_open import opened, pixels
from persistence.types.pixels.mask import DEFAULT_PLANES, Mask, as_flags, planes_in


def read(location: Location) -> Any:
    """Read a component from its own file, or from an exposure's."""
    name = str(part_name(location.python))
    kind = _kind(location.full_path)
    if kind == "ARCHIVE_INDEX":
        return archived.read(location)
    if name == "mask" and kind != "IMAGE":
        return _read_mask(location)
    component = read_component(location, name)
    if component is None:
        raise FormatterError(f"{location.full_path} has no {name}")
    return component


def write(obj: Any, path: str, location: Location) -> None:
    """Write a component to its own file: a WCS as a header, a mask as an image, others as afw."""
    if hasattr(obj, "writeFits"):
        obj.writeFits(path)
    elif isinstance(obj, Mask):
        bits = {
            f"HIERARCH MP_{name}" if len(name) > 5 else f"MP_{name}": bit
            for name, bit in obj.planes.items()
        }
        header = fits.Header({"EXTTYPE": "MASK", **bits})
        _save([fits.PrimaryHDU(), fits_tiles.hdu_of(as_flags(obj.array), header, "MASK")], path)
    elif hasattr(obj, "to_header"):
        _save([fits.PrimaryHDU(header=obj.to_header(relax=True))], path)
    else:
        archived.write(obj, path, location)


def _save(hdus: list[Any], path: str) -> None:
    # The name may end in .gz, which would compress the file; that was not requested.
    with open(path, "wb") as stream:
        fits.HDUList(hdus).writeto(stream)


def _kind(path: str) -> str:
    """Return the ``EXTTYPE`` of a file's first extension."""
    scanned = fits_headers.scan(path)
    next(scanned)
    extension = next(scanned, None)
    return "" if extension is None else str(extension.get("EXTTYPE", ""))


def _read_mask(location: Location) -> Mask:
    """Read a mask that is a plain image: the primary HDU, or the first extension if compressed."""
    with opened(location.full_path) as hdus:
        hdu = hdus[0] if hdus[0].shape or len(hdus) == 1 else hdus[1]
        return Mask(as_flags(pixels(hdu)), planes_in(hdu.header) or dict(DEFAULT_PLANES))
