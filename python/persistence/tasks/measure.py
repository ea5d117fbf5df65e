"""Measures the sources of an exposure.

Middles, moments, fluxes, and what their pixels are flagged with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import sky, stamps
from persistence.tasks.stamps import Bools, Floats, Flux, Moments, Stamps

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.psf.psfimage import Psf

_REACH = 4.0  # half the side of a cut-out, in standard deviations of the PSF
# The aperture whose flux is calibrated (pixels): Gen2's, which holds nearly all of a point's light.
CALIBRATION_RADIUS = 12.0
_CENTRE = 1  # pixels from the middle that count as its centre
# Planes whose flags sources take over, and what the flags are called.
PLANES: Mapping[str, str] = {
    "BAD": "bad",
    "SAT": "saturated",
    "INTRP": "interpolated",
    "CR": "cr",
}


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of each source.

    Attributes
    ----------
    x, y : array
        Middles (pixels of the parent image, as `Exposure.bbox` counts them): those of the moments,
        or where these failed, of the detection.
    position_error : array
        The standard deviation of each coordinate (pixels).
    moments : `~persistence.tasks.stamps.Moments`
    psf_flux : `~persistence.tasks.stamps.Flux`
    apertures : mapping [`float`, `~persistence.tasks.stamps.Flux`]
        By radius (pixels).
    calib_radius : `float`
        That of the aperture whose flux is calibrated; it is one of them.
    flags : mapping [`str`, array of `bool`]
        By name: ``bad``, ``badCenter``, ``saturated``, ..., and ``edge``.
    """

    x: Floats
    y: Floats
    position_error: Floats
    moments: Moments
    psf_flux: Flux
    apertures: Mapping[float, Flux]
    flags: Mapping[str, Bools]
    calib_radius: float = CALIBRATION_RADIUS

    @property
    def calib_flux(self) -> Flux:
        """The flux that is calibrated."""
        return self.apertures[self.calib_radius]

    @property
    def signal_to_noise(self) -> Floats:
        """Of the PSF's flux; 0 where there is none."""
        with np.errstate(all="ignore"):
            return np.nan_to_num(
                self.psf_flux.value / self.psf_flux.error, nan=0.0, posinf=0.0, neginf=0.0
            )

    @property
    def clean(self) -> Bools:
        """Whether nothing failed, and no pixel nearby is flagged."""
        return np.asarray(
            ~(
                self.moments.failed
                | self.psf_flux.failed
                | np.any(list(self.flags.values()), axis=0)
            )
        )


def measure(
    exposure: Exposure,
    x: Floats,
    y: Floats,
    psf: Psf,
    radii: Sequence[float],
    calib_radius: float = CALIBRATION_RADIUS,
) -> Measured:
    """Measure sources.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        Its background is subtracted; with mask and variance.
    x, y : array
        Where the sources are, to a pixel, in the array.
    psf : `~persistence.types.psf.psfimage.Psf`
        What a point looks like.
    radii : sequence of `float`
        Of the apertures (pixels).
    calib_radius : `float`, optional
        That of the aperture whose flux is calibrated (pixels): it is measured also where ``radii``
        does not have it.
    """
    sigma = psf.width()
    bad, reach = sky.unusable(exposure), int(np.ceil(_REACH * sigma))
    parts = stamps.cut(exposure.image, exposure.variance, bad, x, y, reach)
    found = stamps.moments(parts, x, y, sigma)
    x, y = np.where(found.failed, x, found.x), np.where(found.failed, y, found.y)
    x0, y0 = exposure.origin
    around = stamps.cut(exposure.image, exposure.variance, bad, x, y, reach)
    flux = stamps.psf_flux(around, psf.stamps(x + x0, y + y0, reach))
    return Measured(
        x + x0,
        y + y0,
        _position_error(flux, sigma),
        found,
        flux,
        {
            radius: _aperture(exposure, bad, x, y, radius)
            for radius in sorted({*map(float, radii), float(calib_radius)})
        },
        _flags(exposure, parts, x, y),
        float(calib_radius),
    )


def _position_error(flux: Flux, sigma: float) -> Floats:
    """Give sqrt(2) sigma / (signal to noise).

    The least of a Gaussian where the sky's noise prevails.

    Where the photons of the source do, it is sigma / sqrt(photons), which is less.
    """
    with np.errstate(all="ignore"):
        return np.asarray(np.sqrt(2) * sigma * flux.error / np.abs(flux.value))


def _aperture(exposure: Exposure, bad: Bools, x: Floats, y: Floats, radius: float) -> Flux:
    import sep

    if not x.size:  # sep takes no empty arrays
        return Flux(np.zeros(0), np.zeros(0), np.zeros(0, bool))
    _mask, variance = sky.planes(exposure)
    image, noise = (
        sky.plain(np.where(bad, 0.0, exposure.image)),
        sky.plain(np.sqrt(np.where(bad, 0.0, variance))),
    )
    value, error, flag = sep.sum_circle(image, x, y, radius, err=noise, mask=bad, subpix=0)
    failed = (flag & (sep.APER_TRUNC | sep.APER_ALLMASKED)) != 0
    return Flux(np.where(failed, np.nan, value), np.where(failed, np.nan, error), failed)


def _flags(exposure: Exposure, parts: Stamps, x: Floats, y: Floats) -> dict[str, Bools]:
    mask, _variance = sky.planes(exposure)
    shape = exposure.image.shape
    columns, rows = np.broadcast_arrays(parts.columns, parts.rows)
    inside = (columns >= 0) & (columns < shape[1]) & (rows >= 0) & (rows < shape[0])
    place = tuple(
        np.clip(axis, 0, size - 1).astype(int)
        for axis, size in zip((rows, columns), shape, strict=True)
    )
    dx, dy = parts.offsets(np.rint(x), np.rint(y))
    centre = (np.abs(dx) <= _CENTRE) & (np.abs(dy) <= _CENTRE)
    flags: dict[str, NDArray[Any]] = {"edge": ~inside.all(axis=(1, 2))}
    for plane, word in PLANES.items():
        flagged = mask[plane][place] & inside
        flags[word] = flagged.any(axis=(1, 2))
        flags[f"{word}Center"] = (flagged & centre).any(axis=(1, 2))
    return flags
