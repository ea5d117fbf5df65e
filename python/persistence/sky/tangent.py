"""Plain tangent projections, for many images at once: no distortion, ICRS or FK5 of J2000.

Most calibrated exposures have such a header. wcslib takes 0.2 ms to set up one of them; here all
images of a batch are arrays, and each other header is left to wcslib (`persistence.types.wcs`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from persistence.sky.polygon import Vectors
from persistence.types.wcs import sphere

# What each card has to be, by keyword; other cards of a WCS make it another projection.
_TEXTS: Mapping[str, frozenset[str]] = {
    "CTYPE1": frozenset({"RA---TAN"}),
    "CTYPE2": frozenset({"DEC--TAN"}),
    "CUNIT1": frozenset({"deg"}),
    "CUNIT2": frozenset({"deg"}),
    "RADESYS": frozenset({"ICRS", "FK5"}),
}
_NUMBERS = ("CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
# The defaults of the standard. LATPOLE has no meaning in a projection about a pole.
_FIXED: Mapping[str, float] = {"WCSAXES": 2, "LONPOLE": 180, "CDELT1": 1, "CDELT2": 1}
# Names, and times of the exposure: they change no position in these frames.
_IDLE = re.compile(r"LATPOLE|EQUINOX|EPOCH|WCSNAME|(DATE|MJD|OBSGEO)-\w+|MJDREF[IF]?|TIMESYS")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?")
# The area of a pixel relative to the product of its sides, below which there is no inverse.
_FLAT = 1e-10


class Tangent(NamedTuple):
    """A tangent projection.

    Attributes
    ----------
    frame : `str`
        ``ICRS`` or ``FK5``, whose equinox is 2000.
    numbers : `tuple` [`float`, ...]
        CRVAL1, CRVAL2 (deg), CRPIX1, CRPIX2 (from 1), CD1_1, CD1_2, CD2_1, CD2_2 (deg).
    """

    frame: str
    numbers: tuple[float, ...]


def of_cards(cards: Mapping[str, str]) -> Tangent | None:
    """Return the projection of cards as written in a file, by keyword; None for any other WCS."""
    values = {keyword: _value(card) for keyword, card in cards.items()}
    for keyword, value in values.items():
        if keyword in _TEXTS:
            if value not in _TEXTS[keyword]:
                return None
        elif keyword in _FIXED:
            if not _NUMBER.fullmatch(value) or float(value) != _FIXED[keyword]:
                return None
        elif keyword not in _NUMBERS and not _IDLE.fullmatch(keyword):
            return None
    frame = values.get("RADESYS", "")
    if not values.keys() >= {"CTYPE1", "CTYPE2", "RADESYS", *_NUMBERS} or not all(
        _NUMBER.fullmatch(values[keyword]) for keyword in _NUMBERS
    ):
        return None
    if frame == "FK5" and (
        not _NUMBER.fullmatch(values.get("EQUINOX", "")) or float(values["EQUINOX"]) != 2000
    ):
        return None
    made = Tangent(frame, tuple(float(values[keyword]) for keyword in _NUMBERS))
    a, b, c, d = made.numbers[4:]
    is_flat = abs(a * d - b * c) <= _FLAT * np.hypot(a, b) * np.hypot(c, d)
    # at a pole, the default of LONPOLE is another one
    return None if is_flat or not abs(made.numbers[1]) < 90 else made


def _value(card: str) -> str:
    text = card[10:].partition("/")[0].strip()
    return text[1:-1].rstrip() if text[:1] == text[-1:] == "'" and len(text) > 1 else text


def vectors(tangents: Sequence[Tangent], x: Vectors, y: Vectors) -> Vectors:
    """Return unit vectors (ICRS) of pixels of several images.

    Parameters
    ----------
    tangents : sequence of `Tangent`
        The projection of each image.
    x, y : array
        Columns and rows, from 0, of shape (images, pixels).

    Returns
    -------
    vectors : array
        Of shape (images, pixels, 3).
    """
    ra, dec, *rest = np.array([one.numbers for one in tangents], float).reshape(-1, 8).T
    column, row, *cd = (each[:, None] for each in rest)
    ra, dec = np.radians(ra), np.radians(dec)
    sines, cosines = (np.sin(ra), np.sin(dec)), (np.cos(ra), np.cos(dec))
    middle = np.stack([cosines[1] * cosines[0], cosines[1] * sines[0], sines[1]], axis=-1)
    east = np.stack([-sines[0], cosines[0], np.zeros(len(ra))], axis=-1)
    north = np.stack([-sines[1] * cosines[0], -sines[1] * sines[0], cosines[1]], axis=-1)
    right, up = x + 1 - column, y + 1 - row
    xi, eta = np.radians(cd[0] * right + cd[1] * up), np.radians(cd[2] * right + cd[3] * up)
    made = middle[:, None] + xi[..., None] * east[:, None] + eta[..., None] * north[:, None]
    made /= np.linalg.norm(made, axis=-1, keepdims=True)
    turned = np.array([one.frame == "FK5" for one in tangents], bool)
    if turned.any():
        made[turned] = made[turned] @ fk5_to_icrs()
    return np.asarray(made)


@functools.cache
def fk5_to_icrs() -> Any:
    """Return the matrix by which vectors, as rows, are multiplied: FK5 of J2000 -> ICRS."""
    from astropy.coordinates import SkyCoord

    axes = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame="fk5")
    return sphere.vector(*sphere.radec(axes))
