"""One component of an exposure alone: the headers, and of the archive what it needs; never the pixels of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence import headers
from persistence.errors import DataIdError, did_you_mean
from persistence.formatters import archived, fits
from persistence.location import Location
from persistence.types.components import Components, numbers_in

# Gen2's names of components -> attributes of an exposure that need no pixels.
_ATTRIBUTES: Mapping[str, str] = {
    "psf": "psf",
    "photoCalib": "photo_calib",
    "visitInfo": "visit_info",
    "filter": "filter",
    "filterLabel": "filter",
    "detector": "detector",
    "wcs": "wcs",
    "validPolygon": "valid_polygon",
    "apCorrMap": "ap_corr_map",
    "coaddInputs": "coadd_inputs",
    "transmissionCurve": "transmission_curve",
    "bbox": "bbox",
}
# What the header tells more of, or better, than the archive.
_COMPLETED = ("wcs", "filter")
_PLANES = ("image", "mask", "variance")


def read_component(location: Location, name: str) -> Any:
    """Read one component of an exposure: what the exposure, if it were read, would have as its attribute.

    Parameters
    ----------
    location : `Location`
        The exposure's; ``bbox`` and ``imageOrigin`` among its options cut planes, as they cut exposures.
    name : `str`
        ``image``, ``mask``, ``variance``; ``metadata``, ``bbox``; ``psf``, ``photoCalib``, ``visitInfo``, ``filter``,
        ``detector``, ``wcs``, ``validPolygon``, ``apCorrMap``, ``coaddInputs`` or ``transmissionCurve``.

    Raises
    ------
    DataIdError
        If no component is called so.
    FormatterError
        If the file is damaged where it is read.
    """
    if name in _PLANES:
        return fits.read_plane(location, name)
    if name == "metadata":
        return fits.read_header(location)
    if name not in _ATTRIBUTES:
        known = (*_PLANES, "metadata", *_ATTRIBUTES)
        meant = did_you_mean(name, known)
        raise DataIdError(f"exposures have no component {name!r}{meant}; they have {', '.join(known)}")
    path, attribute = location.full_path, _ATTRIBUTES[name]
    if attribute not in _COMPLETED:
        stored = Components(numbers_in(next(headers.scan(path)), path), archived.InFile(path))
        if attribute in stored:
            return stored[attribute]
    return getattr(fits.read_bare(location), attribute)
