"""One amplifier's pixels, from counts as they were read out to electrons with their variance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.types.exposure.detector import Amplifier

Floats = NDArray[np.float64]


class Corrected(NamedTuple):
    """An amplifier's light-sensitive pixels.

    Attributes
    ----------
    image, variance : array
        In electrons, and their square.
    saturated : array of `bool`
        Which pixels were full.
    """

    image: Floats
    variance: Floats
    saturated: NDArray[np.bool_]


def correct(
    raw: NDArray[Any], amplifier: Amplifier, bias: Any, flat: Any, config: Any
) -> Corrected:
    """Subtract overscan and bias, multiply by the gain, divide by the flat.

    Parameters
    ----------
    raw : array
        The whole raw image (counts).
    amplifier : `~persistence.types.exposure.detector.Amplifier`
        Whose pixels are wanted.
    bias, flat : array or None
        The master calibrations of the trimmed detector; None to go without. All pixels of the
        flat are positive.
    config : `~persistence.tasks.isr_config.IsrConfig`
        How it is done.

    Notes
    -----
    The variance is that of the photons and of the read noise. Pixels below zero have read noise
    alone.
    """
    import ccdproc
    from astropy import units
    from astropy.nddata import CCDData, VarianceUncertainty

    if amplifier.gain is None or amplifier.read_noise is None:
        raise TaskError(f"the gain or the read noise of amplifier {amplifier.name} is not known")
    full = amplifier.saturation
    if full is None and config.doSaturation:
        raise TaskError(
            f"the saturation of amplifier {amplifier.name} is not known; doSaturation=False goes "
            "without"
        )
    counts = raw[amplifier.data.slices].astype(float)
    saturated = np.zeros(counts.shape, bool) if full is None else np.asarray(counts >= full)
    image = CCDData(counts, unit="adu")
    if config.doOverscan:
        image = _without_overscan(image, raw, amplifier, config)
    image = CCDData(_turned(image.data, amplifier), unit="adu")
    if bias is not None:
        image = ccdproc.subtract_bias(image, CCDData(_part(bias, amplifier), unit="adu"))
    gain, noise = amplifier.gain * units.electron / units.adu, amplifier.read_noise * units.electron
    image = ccdproc.create_deviation(image, gain=gain, readnoise=noise, disregard_nan=True)
    image = ccdproc.gain_correct(image, gain)
    if flat is not None:
        shape = CCDData(_part(flat, amplifier), unit=units.dimensionless_unscaled)
        image = ccdproc.flat_correct(image, shape, norm_value=1.0)
    variance = image.uncertainty.represent_as(VarianceUncertainty).array
    return Corrected(image.data, variance, _turned(saturated, amplifier))


def _part(master: NDArray[Any], amplifier: Amplifier) -> Floats:
    return master[amplifier.trimmed.slices].astype(float)


def _turned(pixels: NDArray[Any], amplifier: Amplifier) -> NDArray[Any]:
    """Let columns and rows run as those of the trimmed image."""
    return pixels[:: -1 if amplifier.flip_y else 1, :: -1 if amplifier.flip_x else 1]


def _without_overscan(image: Any, raw: NDArray[Any], amplifier: Amplifier, config: Any) -> Any:
    import ccdproc
    from astropy.modeling.models import Polynomial1D
    from astropy.nddata import CCDData

    over = raw[amplifier.overscan.slices].astype(float)
    if not over.size:
        raise TaskError(
            f"amplifier {amplifier.name} has no overscan; doOverscan=False goes without"
        )
    if config.overscanFitType == "MEDIAN":
        return CCDData(image.data - np.median(over), unit="adu")
    if over.shape[0] != image.shape[0]:
        raise TaskError(
            f"amplifier {amplifier.name} has {image.shape[0]} rows, its overscan {over.shape[0]}: "
            "there is no level for each row; overscanFitType=MEDIAN has one for all"
        )
    model = Polynomial1D(config.overscanOrder) if config.overscanFitType == "POLY" else None
    level = CCDData(over, unit="adu")
    return ccdproc.subtract_overscan(
        image, overscan=level, overscan_axis=1, median=True, model=model
    )
