"""Read one component of an exposure: the headers, and the archive objects that it needs.

The pixels of other components are never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from persistence.dataids.location import Location
from persistence.errors import DataIdError, FormatterError, did_you_mean
from persistence.files import fits_headers
from persistence.formatters import fits
from persistence.types.archives.read import InFile
from persistence.types.exposure.components import Components, numbers_in
from persistence.types.exposure.fromheader import xy0
from persistence.types.wcs.headercards import TELLING
from persistence.types.wcs.headerwcs import from_cards, in_parent, is_tabled

if TYPE_CHECKING:
    from astropy.wcs import WCS

# Gen2's names of components without pixels -> attributes of an exposure.
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
# Components of which the header knows more than the archive.
_COMPLETED = ("wcs", "filter")
_PLANES = ("image", "mask", "variance")


def read_component(location: Location, name: str) -> Any:
    """Read one component of an exposure, as the exposure's attribute would be.

    Parameters
    ----------
    location : `Location`
        The exposure's; ``bbox`` and ``imageOrigin`` among its options cut planes, as they cut
        exposures.
    name : `str`
        ``image``, ``mask``, ``variance``; ``metadata``, ``bbox``; ``psf``, ``photoCalib``,
        ``visitInfo``, ``filter``, ``detector``, ``wcs``, ``validPolygon``, ``apCorrMap``,
        ``coaddInputs`` or ``transmissionCurve``.

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
        raise DataIdError(
            f"exposures have no component {name!r}{meant}; they have {', '.join(known)}"
        )
    if name == "wcs":
        component = _sky(location)
        if component is not None:
            return component
    path, attribute = location.full_path, _ATTRIBUTES[name]
    if attribute not in _COMPLETED:
        stored = Components(numbers_in(next(fits_headers.scan(path)), path), InFile(path))
        if attribute in stored:
            return stored[attribute]
    return getattr(fits.read_bare(location), attribute)


def _sky(location: Location) -> WCS | None:
    """Read the WCS of an exposure in afw's layout; None for other files.

    This is a shortcut: astropy takes most of the time on the hundreds of other cards of both
    headers.
    """
    if (
        location.hdu is not None
        or "bbox" in location.options
        or fits_headers.is_packed(location.full_path)
    ):
        return None
    scanned = fits_headers.scan(location.full_path)
    primary, image = next(scanned), next(scanned, None)
    if image is None or image.get("EXTTYPE") != "IMAGE" or "CTYPE1" not in image:
        return None
    if is_tabled(image):
        return None
    # The primary header of an afw exposure may contain the raw image's WCS.
    above = {} if "AR_HDU" in primary else primary.images(TELLING)
    try:
        wcs = from_cards({**above, **image.images(TELLING)})
    except FormatterError as error:
        raise FormatterError(f"{location.full_path}: {error}") from error
    origin = xy0(image)
    shape = tuple(int(image.get(f"ZNAXIS{axis}", image[f"NAXIS{axis}"])) for axis in "21")
    return in_parent(wcs, origin, shape if origin == (0, 0) else None)
