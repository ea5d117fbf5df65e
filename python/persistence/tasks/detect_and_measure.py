"""Detect and measure all sources of an exposure, for catalogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.tasks import ap_corr, families, measure, sky, sky_sources
from persistence.tasks.crowding import Light
from persistence.tasks.families import Families
from persistence.tasks.measure import Measured
from persistence.tasks.stamps import Bools

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.pixels.mask import Mask

_PLANE = "DETECTED"
# Flags of stars that are copied from the characterization.
PSF_FLAGS: Mapping[str, str] = {
    "calib_psf_candidate": "bright and alone enough to measure the PSF",
    "calib_psf_used": "the PSF was measured of it",
    "calib_psf_reserved": "the PSF was tested by it, and not measured of it",
}
_SAME = 3.0  # pixels: Gen2's matchRadiusPix


@dataclass(frozen=True, eq=False)
class Found:
    """The sources of an exposure.

    Attributes
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        Its mask has the pixels of sources.
    measured : `~persistence.tasks.measure.Measured`
        The sources, each without the light of the others: first those that are alone, then the
        children of each family.
    parents : `~persistence.tasks.measure.Measured`
        The families, each as one source in the middle of its brightest child.
    sky : `~persistence.tasks.measure.Measured`
        Places without sources.
    families : `~persistence.tasks.families.Families`
        Which sources belong together.
    footprints : array of `~persistence.types.table.footprint.Footprint`
        The pixels of the sources, then those of the families.
    bin_size : `int`
        The boxes of the background that detection was done without, beside the exposure's; 0 where
        that was enough.
    """

    exposure: Exposure
    measured: Measured
    parents: Measured
    sky: Measured
    families: Families
    footprints: NDArray[Any]
    bin_size: int


def detect_and_measure(exposure: Exposure, config: Any, seed: int = 0) -> Found:
    """Detect and measure sources.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The exposure without background, with mask, variance and PSF; its aperture corrections, if
        any, are applied to fluxes.
    config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        The settings.
    seed : `int`, optional
        The seed for random sky positions: the exposure's number.

    Raises
    ------
    TaskError
        If there is no PSF, or sources cannot be deblended.
    """
    mask, _variance = sky.planes(exposure)
    psf, apertures = exposure.psf, (config.apertureRadii, config.calibRadius)
    detected = sky.detect(exposure, config.thresholdValue, psf.width(), config.minPixels)
    order, kin = families.find(detected.segments, detected.x.size)
    flagged = _flagged(mask, detected.pixels)
    x, y, bin_size = detected.x[order], detected.y[order], detected.bin_size
    del detected  # its segments are as large as the image
    crowd, placed = measure.resolve(Light.of(exposure), psf, x, y)
    measured = measure.of_crowd(exposure, psf, crowd, placed, *apertures)
    brightest = kin.brightest(crowd.flux)
    own = crowd.without(kin.alone)
    parents = measure.measure_in(
        exposure, own, psf, (crowd.x[brightest], crowd.y[brightest]), *apertures
    )
    count = config.doSkySources
    places = sky_sources.choose(flagged, config.skySources, seed) if count else 2 * (np.zeros(0),)
    empty = measure.measure_in(exposure, crowd.rest, psf, places, *apertures, fixed=True)
    peaks = np.arange(1, measured.x.size + 1)
    pixels = np.concatenate(families.footprints(kin, crowd, mask.array, peaks))
    corrections = exposure.ap_corr_map if config.doApCorr else None
    measured, parents, empty = (
        ap_corr.applied(each, corrections) for each in (measured, parents, empty)
    )
    return Found(exposure.replaced(mask=flagged), measured, parents, empty, kin, pixels, bin_size)


def psf_flags(measured: Measured, bright: Any = None) -> dict[str, tuple[Bools, str]]:
    """Return the flags of stars from which the PSF was measured.

    Parameters
    ----------
    measured : `~persistence.tasks.measure.Measured`
        The sources.
    bright : `~persistence.types.table.catalog.Catalog`, optional
        ``icSrc``, which has the flags of bright sources.
    """
    flags = {name: np.zeros(measured.x.size, bool) for name in PSF_FLAGS}
    for name in PSF_FLAGS if bright is not None and measured.x.size else ():
        if name not in bright.colnames or not np.any(bright[name]):
            continue
        chosen = bright[np.asarray(bright[name])]
        x, y = (np.asarray(chosen[f"slot_Centroid_{axis}"])[:, np.newaxis] for axis in "xy")
        apart = np.hypot(x - measured.x, y - measured.y)
        flags[name][apart.argmin(axis=1)[apart.min(axis=1) < _SAME]] = True
    return {name: (flags[name], doc) for name, doc in PSF_FLAGS.items()}


def _flagged(mask: Mask, pixels: Bools) -> Mask:
    """Return a mask with the pixels of sources flagged."""
    from persistence.types.pixels.mask import Mask

    planes = {_PLANE: max(mask.planes.values()) + 1, **mask.planes}
    return Mask(mask.array | (pixels.astype(np.int32) << planes[_PLANE]), planes)
