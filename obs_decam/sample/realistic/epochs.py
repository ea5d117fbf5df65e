"""Exposures of the realistic sky: time, atmosphere, and the pointing in the header."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

from obs_decam.sample import sky
from obs_decam.sample.facts import FILTERS, SCALE, Chip, Layout
from obs_decam.sample.generate import Taken
from obs_decam.sample.realistic.seeing import Seeing
from obs_decam.sample.sky import Attitude

CENTRE = 150.1, 2.2  # degrees: the position of the chip's centre in the first epoch
_OPTICS = sky.Attitude(0, 0).distortion
_POINTING = 3.5  # arcsec: of the error of the header's WCS along each axis
_TURN = 0.02  # degrees: of the error of its rotation
# The differences of the true distortion terms from those in headers: second order, then third. No
# linear correction removes the 20 to 60 mas that these cause over a chip.
_DISTORTION = {4: 3e-4, 5: 3e-4, 6: 3e-4, 7: 2e-3, 8: 2e-3, 9: 2e-3, 10: 2e-3}


class Epoch(NamedTuple):
    """One exposure.

    Attributes
    ----------
    visit : `int`
        Its number.
    mjd : `float`
        When it began (UTC, days).
    band : `str`
        The filter's short name.
    seeing : `Seeing`
        The PSF.
    sky : `float`
        The level of the sky in the middle (electrons a pixel of the chip).
    extinction : `float`
        By thin clouds (mag).
    truth : `~obs_decam.sample.sky.Attitude`
        Where the telescope pointed.
    header : `~obs_decam.sample.sky.Attitude`
        Where the header says that it did.
    """

    visit: int
    mjd: float
    band: str
    seeing: Seeing
    sky: float
    extinction: float
    truth: Attitude
    header: Attitude

    @property
    def zero_point(self) -> float:
        """The magnitude of one electron, where the flat is 1."""
        return sky.zero_point(self.band) - self.extinction

    def taken(self) -> Taken:
        """Return the properties in the primary header."""
        begin = Time(self.mjd, format="mjd", scale="utc", precision=6).isot
        place = self.truth.ra, self.truth.dec
        return Taken(self.visit, FILTERS[self.band], begin, *place, "Realistic field", zenith=34.0)


def wcs(attitude: Attitude, chip: Chip, layout: Layout) -> WCS:
    """Return the WCS of the trimmed image."""
    header = fits.Header(list(sky.attitude_cards(attitude, chip.name, chip.place, layout)))
    for axis, first in enumerate(sky.origin(chip.name, layout), start=1):
        header[f"CRPIX{axis}"] -= first
    return WCS(header)


def plan(
    seed: int, chip: Chip, layout: Layout, visits: list[dict[str, Any]], band: str = "g"
) -> list[Epoch]:
    """Return exposures with a chip near the same position.

    Parameters
    ----------
    seed : `int`
        The seed of the errors of the headers.
    visits : `list` [`dict`]
        For each epoch ``visit``, ``mjd``, and unusual properties: ``fwhm`` (pixels), ``profile``,
        ``beta``, ``sky`` (electrons a pixel), ``extinction`` (mag), ``shift`` (pixels east and
        north), ``rotation`` (deg), ``off`` (arcsec east and north by which the header is wrong,
        beyond its usual error), ``turn`` (deg, likewise).
    """
    rng = np.random.default_rng([seed, 2])
    axis = _axis(chip, layout)
    epochs = []
    for given in visits:
        shift = np.array(given.get("shift", (0.0, 0.0))) * SCALE * layout.binning
        ra = axis[0] + shift[0] / np.cos(np.radians(axis[1]))
        truth = Attitude(ra, axis[1] + shift[1], given.get("rotation", 0.0), _OPTICS)
        errors = rng.normal(size=2) * _POINTING + np.array(given.get("off", (0.0, 0.0)))
        turn = rng.normal() * _TURN + given.get("turn", 0.0)
        terms = dict(_OPTICS)
        for term, size in _DISTORTION.items():
            right = _OPTICS.get(term, (0.0, 0.0))
            wrong = size * rng.normal(size=2)
            terms[term] = (right[0] + float(wrong[0]), right[1] + float(wrong[1]))
        header = Attitude(
            truth.ra + errors[0] / 3600 / np.cos(np.radians(truth.dec)),
            truth.dec + errors[1] / 3600,
            truth.rotation + turn,
            terms,
        )
        seeing = Seeing(
            given.get("fwhm", 4.5),
            given.get("profile", "moffat"),
            given.get("beta", 3.0),
        )
        level = given.get("sky", 900.0)
        own = given["visit"], given["mjd"], given.get("band", band), seeing, level
        epochs.append(Epoch(*own, given.get("extinction", 0.0), truth, header))
    return epochs


def _axis(chip: Chip, layout: Layout) -> tuple[float, float]:
    """Return the pointing of the telescope for the chip's centre to be at the `CENTRE`."""
    ra, dec = CENTRE
    for _ in range(4):
        middle = wcs(Attitude(ra, dec), chip, layout).wcs_pix2world(
            [[layout.columns - 0.5, layout.rows / 2 - 0.5]], 0
        )[0]
        ra, dec = ra + CENTRE[0] - middle[0], dec + CENTRE[1] - middle[1]
    return float(ra), float(dec)
