"""Gen2's name of some of `persistence.gen2types.afwimage`."""

from persistence.gen2types.afwimage import (
    Calib,
    abMagErrFromFluxErr,
    abMagFromFlux,
    fluxErrFromABMagErr,
    fluxFromABMag,
)

__all__ = ["Calib", "abMagErrFromFluxErr", "abMagFromFlux", "fluxErrFromABMagErr", "fluxFromABMag"]
