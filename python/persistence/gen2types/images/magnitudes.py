"""Fluxes and AB magnitudes, by the functions of ``lsst.afw.image``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# afw rounds the flux of magnitude 0 here, and not in PhotoCalib. Source: afw's Calib.h.
JanskysPerABFlux = 3631.0
_MAGNITUDES = 2.5 / math.log(10)


def abMagFromFlux(flux: Any) -> Any:
    """Return the AB magnitude of a flux (Jy), which may be an array."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _plain(-2.5 * np.log10(np.asarray(flux, float) / JanskysPerABFlux))


def abMagErrFromFluxErr(fluxErr: Any, flux: Any) -> Any:
    """Return the error of the magnitude of a flux, from the flux and its error (Jy)."""
    return _plain(np.abs(np.asarray(fluxErr, float) / (-0.4 * np.asarray(flux) * math.log(10))))


def fluxFromABMag(mag: Any) -> Any:
    """Return the flux (Jy) of an AB magnitude, which may be an array."""
    return _plain(10.0 ** (-0.4 * np.asarray(mag, float)) * JanskysPerABFlux)


def fluxErrFromABMagErr(magErr: Any, mag: Any) -> Any:
    """Return the error of the flux (Jy) of a magnitude, from the magnitude and its error."""
    return _plain(np.abs(-0.4 * np.asarray(magErr, float) * fluxFromABMag(mag) * math.log(10)))


def _plain(value: Any) -> Any:
    return value if np.ndim(value) else float(value)
