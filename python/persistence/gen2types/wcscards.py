"""Convert the cards of a header, and numbers, to a WCS, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.errors import FormatterError
from persistence.gen2types import exceptions, unwrap, wrap
from persistence.gen2types.exceptions import InvalidParameterError
from persistence.gen2types.spherepoint import SpherePoint
from persistence.types.metadata.property import PropertySet, from_header
from persistence.types.wcs.headercards import SKY
from persistence.types.wcs.headerwcs import from_cards
from persistence.types.wcs.skywcs import SkyWcs


def wcs_of_metadata(metadata: Any, strip: bool = False) -> Any:
    """Return the `astropy.wcs.WCS` of a header or of metadata, with pixels counted from 0.

    Parameters
    ----------
    metadata : mapping
        The cards, by keyword.
    strip : `bool`, optional
        Whether to remove the cards of the WCS from the metadata.

    Raises
    ------
    InvalidParameterError
        If they make no WCS.
    """
    source = unwrap(metadata)
    names = [str(name) for name in source if SKY.fullmatch(str(name))]
    values = {name: _scalar(source, name) for name in names}
    cards = {name: _card(name, value) for name, value in values.items() if value is not None}
    if "CTYPE1" not in cards:
        raise InvalidParameterError(
            f"the metadata have no WCS: CTYPE1 is not among {', '.join(names) or 'its cards'}"
        )
    try:
        wcs = from_cards(cards)
    except FormatterError as error:
        raise InvalidParameterError(str(error)) from error
    if strip:
        for name in names:
            del source[name]
    return wcs


def _scalar(source: Any, name: str) -> Any:
    return source.getScalar(name) if isinstance(source, PropertySet) else source[name]


def _card(name: str, value: Any) -> str:
    """Return the image of a card."""
    if isinstance(value, str):
        text = value.replace("'", "''")
        return f"{name:8}= '{text:8}'"
    word = ("T" if value else "F") if isinstance(value, bool) else repr(value).upper()
    return f"{name:8}= {word:>20}"


def of_numbers(crpix: Any, crval: SpherePoint, cdMatrix: Any, projection: str = "TAN") -> Any:
    """Return the `astropy.wcs.WCS` of a projection, with pixels counted from 0, and degrees."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{projection}", f"DEC--{projection}"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crpix = [float(number) + 1 for number in crpix]
    wcs.wcs.crval = [crval.getLongitude().asDegrees(), crval.getLatitude().asDegrees()]
    wcs.wcs.cd = np.asarray(cdMatrix, float).reshape(2, 2)
    try:
        wcs.wcs.set()
    except ValueError as error:  # wcslib's errors
        words = " ".join(str(error).split())
        raise InvalidParameterError(f"a WCS of {projection} cannot be made: {words}") from error
    return wcs


def metadata_of(wcs: SkyWcs) -> Any:
    """Return the cards of a WCS of FITS, with a CD matrix, as metadata."""
    header = wcs.header_wcs
    if header is None:
        raise exceptions.RuntimeError(
            "this WCS cannot be written as FITS cards; fit one over a box with "
            "wcs.astropy.to_astropy(bbox)"
        )
    copied = header.deepcopy()
    matrix = copied.pixel_scale_matrix
    cards: dict[str, Any] = dict(copied.to_header(relax=True))
    for name in [name for name in cards if name.startswith(("PC", "CDELT", "CD"))]:
        del cards[name]
    cards |= {f"CD{i + 1}_{j + 1}": float(matrix[i, j]) for i in range(2) for j in range(2)}
    return wrap(from_header((name, value, "") for name, value in cards.items()))
